//! Calling a built-in over any implementer of `Build`: checks what each argument is, puts defaults in, runs the definition. Owns how a
//! definition reads its arguments, not how `sema` matches them to parameters.

use super::build::{A, Build, DimRef, Extent, Value};
use super::parts::{cast, elementwise, extent};
use super::{Args, Builtin, Default, Define, Param, ParamKind};
use crate::array::{DType, Scalar};
use crate::base::{Code, Diagnostic, Outcome, Span};

/// The value of a call. Errors without a place of their own get the call's.
pub fn apply(builtin: &Builtin, b: &mut dyn Build, mut args: Args) -> Outcome<Value> {
    let span = args.span;
    if let Some(value) = super::grouped::call(builtin, b, &args) {
        return value.map_err(|error| error.or_at(span));
    }
    b.at(span);
    args.values.resize(builtin.params.len(), None);
    args.spans.resize(builtin.params.len(), span);
    for (at, param) in builtin.params.iter().enumerate() {
        match &args.values[at] {
            Some(value) if !accepts(b, param.kind, value) => return Err(wrong_kind(builtin, b, param, value, args.spans[at])),
            Some(_) => {}
            None => args.values[at] = default(b, builtin, param, span)?,
        }
    }
    let value = match builtin.define {
        Define::Elementwise(op) => {
            let operands = (0..builtin.params.len()).map(|at| args.array(at)).collect::<Outcome<Vec<A>>>();
            operands.and_then(|operands| elementwise(b, op, &operands)).map(Value::Array)
        }
        Define::Build(define) => define(b, &args),
        Define::Effect(_) => Err(Diagnostic::new(Code::Internal, format!("`{}` is no value", builtin.name))),
    };
    value.map_err(|error| error.or_at(span))
}

fn accepts(b: &dyn Build, kind: ParamKind, value: &Value) -> bool {
    match kind {
        ParamKind::Int => matches!(value, Value::Array(a) if b.ty(*a).rank() == 0 && b.ty(*a).dtype.is_int()),
        ParamKind::Index => matches!(value, Value::Array(a) if b.ty(*a).dtype.is_int()),
        ParamKind::Array | ParamKind::Apart => matches!(value, Value::Array(_)),
        ParamKind::Shape => matches!(value, Value::Shape(_) | Value::Type(_, Some(_))),
        ParamKind::Ints => matches!(value, Value::Shape(_)) || accepts(b, ParamKind::Int, value),
        ParamKind::Dims | ParamKind::DimList => matches!(value, Value::Dims(_)),
        ParamKind::Type => matches!(value, Value::Type(..)),
        ParamKind::Flag => matches!(value, Value::Flag(_) | Value::Text(_)),
        ParamKind::Text => matches!(value, Value::Text(_)),
        ParamKind::Function => matches!(value, Value::Other(_)),
        ParamKind::Arrays | ParamKind::Names | ParamKind::Anything => true,
    }
}

/// What a parameter takes, in words.
pub fn kind_text(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Array | ParamKind::Apart => "an array or number",
        ParamKind::Int => "an integer",
        ParamKind::Index => "integers",
        ParamKind::Arrays => "arrays",
        ParamKind::Shape => "sizes",
        ParamKind::Ints => "an integer or several",
        ParamKind::Names => "names: `lat = y`",
        ParamKind::Dims | ParamKind::DimList => "dimensions",
        ParamKind::Type => "a dtype",
        ParamKind::Flag => "a value known when the program is checked",
        ParamKind::Text => "a text",
        ParamKind::Function => "a function",
        ParamKind::Anything => "anything",
    }
}

fn value_text(b: &dyn Build, value: &Value) -> String {
    match value {
        Value::Array(a) => b.ty(*a).to_string(),
        Value::Shape(_) => "a shape".into(),
        Value::Dims(_) => "dimensions".into(),
        Value::Type(dtype, _) => format!("the dtype {dtype}"),
        Value::Flag(scalar) => scalar.dtype.to_string(),
        Value::Text(_) => "str".into(),
        Value::Tuple(_) => "a tuple".into(),
        Value::Record(_) => "a record".into(),
        Value::Range { .. } => "a range".into(),
        Value::Grouped(..) => "a grouped array".into(),
        Value::Other(ty) => ty.to_string(),
        Value::Unit => "nothing".into(),
    }
}

fn wrong_kind(builtin: &Builtin, b: &dyn Build, param: &Param, value: &Value, span: Span) -> Box<Diagnostic> {
    let message = format!("`{}` of `{}` is {}, found {}", param.name, builtin.name, kind_text(param.kind), value_text(b, value));
    Diagnostic::at(Code::Type, span, message)
}

fn default(b: &mut dyn Build, builtin: &Builtin, param: &Param, span: Span) -> Outcome<Option<Value>> {
    let scalar = match param.default {
        Default::Required if matches!(param.kind, ParamKind::Arrays | ParamKind::Names | ParamKind::Anything) => return Ok(None),
        Default::Required => {
            let message = format!("`{}` needs `{}`: {}", builtin.name, param.name, kind_text(param.kind));
            return Err(Diagnostic::at(Code::Arguments, span, message));
        }
        Default::Absent => return Ok(None),
        Default::Int(value) => Scalar::i64(value),
        Default::Float(value) => Scalar::f64(value),
        Default::Bool(value) => Scalar::bool(value),
        Default::Text(text) => return Ok(Some(Value::Text(text.into()))),
    };
    Ok(Some(if matches!(param.kind, ParamKind::Array | ParamKind::Apart | ParamKind::Int | ParamKind::Ints | ParamKind::Index) {
        Value::Array(b.constant(scalar))
    } else {
        Value::Flag(scalar)
    }))
}

/// How definitions read their arguments, by the parameter's position. `apply` has checked the kinds and put the defaults in.
impl Args {
    /// Where an argument stands.
    pub fn span_of(&self, at: usize) -> Span {
        self.spans.get(at).copied().unwrap_or(self.span)
    }
    fn value(&self, at: usize) -> Option<&Value> {
        self.values.get(at)?.as_ref()
    }
    fn missing(&self, at: usize, what: &str) -> Box<Diagnostic> {
        Diagnostic::at(Code::Type, self.span_of(at), format!("{what} is needed here"))
    }
    pub fn array(&self, at: usize) -> Outcome<A> {
        self.optional_array(at).ok_or_else(|| self.missing(at, "an array or number"))
    }
    pub fn optional_array(&self, at: usize) -> Option<A> {
        match self.value(at) {
            Some(Value::Array(a)) => Some(*a),
            _ => None,
        }
    }
    /// An `Int` argument as i64.
    pub fn integer(&self, b: &mut dyn Build, at: usize) -> Outcome<A> {
        let a = self.array(at)?;
        cast(b, a, DType::I64)
    }
    /// The integers of an `Ints` argument as i64; none where it was left out.
    pub fn ints(&self, b: &mut dyn Build, at: usize) -> Outcome<Vec<A>> {
        match self.value(at) {
            Some(Value::Array(_)) => Ok(vec![self.integer(b, at)?]),
            _ => Ok(self.shape(at).iter().map(|size| extent(b, *size)).collect()),
        }
    }
    /// The same, which must be known.
    pub fn known_ints(&self, b: &mut dyn Build, at: usize) -> Outcome<Vec<i64>> {
        let ints = self.ints(b, at)?;
        let known: Option<Vec<i64>> = ints.into_iter().map(|a| b.known(a)?.as_int()?.try_into().ok()).collect();
        known.ok_or_else(|| self.missing(at, "an integer that is known when the program is checked"))
    }
    pub fn is_given(&self, at: usize) -> bool {
        self.value(at).is_some()
    }
    /// Whether one integer was given, not a list of one.
    pub fn is_single(&self, at: usize) -> bool {
        matches!(self.value(at), Some(Value::Array(_)))
    }
    /// The arrays of a variadic parameter; K0204 if there are none.
    pub fn arrays(&self) -> Outcome<Vec<A>> {
        let arrays: Option<Vec<A>> = self.rest.iter().map(|(_, value)| if let Value::Array(a) = value { Some(*a) } else { None }).collect();
        let arrays = arrays.ok_or_else(|| Diagnostic::at(Code::Type, self.span, "arrays or numbers are needed here"))?;
        if arrays.is_empty() {
            return Err(Diagnostic::at(Code::Arguments, self.span, "at least one array is needed here"));
        }
        Ok(arrays)
    }
    /// Dimensions as they were named; `None` where they were left out.
    pub fn dims(&self, at: usize) -> Option<&[DimRef]> {
        match self.value(at) {
            Some(Value::Dims(dims)) => Some(dims),
            _ => None,
        }
    }
    pub fn bool(&self, at: usize) -> Outcome<bool> {
        match self.value(at) {
            Some(Value::Flag(flag)) => flag.as_bool(),
            _ => None,
        }
        .ok_or_else(|| self.missing(at, "true or false"))
    }
    pub fn int(&self, at: usize) -> Outcome<i64> {
        match self.value(at) {
            Some(Value::Flag(flag)) if flag.dtype.is_int() => flag.as_int().and_then(|value| i64::try_from(value).ok()),
            _ => None,
        }
        .ok_or_else(|| self.missing(at, "an integer that is known when the program is checked"))
    }
    pub fn float(&self, at: usize) -> Outcome<f64> {
        match self.value(at) {
            Some(Value::Flag(flag)) if flag.dtype.is_int() || flag.dtype.is_float() => Ok(flag.as_f64()),
            _ => Err(self.missing(at, "a number that is known when the program is checked")),
        }
    }
    pub fn text(&self, at: usize) -> Option<&str> {
        match self.value(at) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
    /// The dtype of a `Type` parameter.
    pub fn dtype(&self, at: usize) -> Option<DType> {
        match self.value(at) {
            Some(Value::Type(dtype, _)) => Some(*dtype),
            _ => None,
        }
    }
    /// The sizes of a `Shape` or `Type` parameter; none where they were left out.
    pub fn shape(&self, at: usize) -> &[Extent] {
        match self.value(at) {
            Some(Value::Shape(shape) | Value::Type(_, Some(shape))) => shape,
            _ => &[],
        }
    }
}
