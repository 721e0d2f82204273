//! The type checker's arrays: `Build` over types, with the scalars that are known. Running a definition over it gives the type, the
//! dimensions and the errors of a call. Owns no rule: every one is in `types`, every scalar value from `ops`.

use super::build::{A, Build, Extent, ReduceOp, Routine, SliceArg};
use super::values::{Part, Values};
use crate::array::{Array, ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::ops::{ScalarOp, eval};
use crate::types::broadcast::broadcast;
use crate::types::group::{self, Groups};
use crate::types::slice::{Bound, SliceTy};
use crate::types::{Placed, Unknowns, shape, signature, slice};

/// Arrays as types. A handle stays valid as long as this lives; one of these serves a whole function body.
#[derive(Default)]
pub struct TypeBuild {
    arrays: Vec<Entry>,
    pub unknowns: Unknowns,
    span: Span,
}

struct Entry {
    ty: ArrayTy,
    /// The value of a scalar that is known.
    known: Option<Scalar>,
    /// The unknown size that a scalar stands for.
    size: Option<Size>,
    /// The elements of an array that is known.
    values: Option<Values>,
    /// How the source calls it.
    text: String,
    span: Span,
}

impl TypeBuild {
    /// An array from outside: a variable or argument, how the source calls it and where.
    pub fn input(&mut self, ty: ArrayTy, known: Option<Scalar>, text: impl Into<String>, span: Span) -> A {
        self.push(Entry { ty, known, size: None, values: None, text: text.into(), span })
    }
    /// Tells the elements of an array.
    pub fn know(&mut self, a: A, values: Option<Values>) {
        self.arrays[a.0 as usize].values = values;
    }
    /// What is known of an array's elements.
    pub fn known_values(&self, a: A) -> Option<Values> {
        self.entry(a).values.clone()
    }
    fn push(&mut self, entry: Entry) -> A {
        self.arrays.push(entry);
        A(self.arrays.len() as u32 - 1)
    }
    fn value(&mut self, ty: ArrayTy) -> A {
        self.push(Entry { ty, known: None, size: None, values: None, text: String::new(), span: self.span })
    }
    fn entry(&self, a: A) -> &Entry {
        &self.arrays[a.0 as usize]
    }
    fn placed(&self, a: A) -> Placed<'_> {
        let entry = self.entry(a);
        Placed { ty: &entry.ty, text: entry.text.clone(), span: entry.span }
    }
    /// The size that an extent is; one scalar is one size however often it is used. K0507 for a negative one.
    fn size_of(&mut self, extent: Extent) -> Outcome<Size> {
        let a = match extent {
            Extent::Known(size) => return Ok(Size::Known(size)),
            Extent::Value(a) => a,
        };
        let entry = self.entry(a);
        if !entry.ty.dims.is_empty() || !entry.ty.dtype.is_int() {
            return Err(Diagnostic::at(Code::Type, self.span, format!("a size is an integer, not {}", entry.ty)));
        }
        match (entry.known.and_then(Scalar::as_int), entry.size) {
            (Some(known), _) => match u64::try_from(known) {
                Ok(size) => Ok(Size::Known(size)),
                Err(_) => Err(Diagnostic::at(Code::Value, self.span, format!("a size of {known}")).help("sizes are 0 or more")),
            },
            (None, Some(size)) => Ok(size),
            (None, None) => {
                let size = self.unknowns.fresh();
                self.arrays[a.0 as usize].size = Some(size);
                Ok(size)
            }
        }
    }
    fn sizes_of(&mut self, shape: &[Extent]) -> Outcome<Vec<Size>> {
        shape.iter().map(|extent| self.size_of(*extent)).collect()
    }
    /// Tells how the source calls an array and where: what messages about it say.
    pub fn call_it(&mut self, a: A, text: impl Into<String>, span: Span) {
        let entry = &mut self.arrays[a.0 as usize];
        (entry.text, entry.span) = (text.into(), span);
    }
    /// The type that a rule gives, for an array that the source calls as it calls `a`.
    fn derive_from(&mut self, a: A, rule: Outcome<ArrayTy>) -> Outcome<A> {
        let value = self.derive(rule)?;
        let (text, span) = (self.entry(a).text.clone(), self.entry(a).span);
        self.call_it(value, text, span);
        Ok(value)
    }
    /// What is known of the elements of a slice: of a range, of positions, of a scalar that gets a dimension.
    fn sliced_values(&self, a: A, entries: &[SliceTy], index: &[SliceArg]) -> Option<Values> {
        let entry = self.entry(a);
        match (entries, index) {
            ([SliceTy::New], _) => Values::given(&Array::from_scalars(entry.ty.dtype, &[entry.known?])),
            ([SliceTy::Range { lo, hi, step }], _) => {
                let known = |bound: &Bound| match bound {
                    Bound::Open => Some(None),
                    Bound::Known(at) => Some(Some(*at)),
                    Bound::Computed => None,
                };
                let (start, count) = slice::range_of(entry.values.as_ref()?.count(), known(lo)?, known(hi)?, *step);
                entry.values.as_ref()?.slice(start, *step, count)
            }
            ([SliceTy::Take(_)], [SliceArg::Take(positions, _)]) => entry.values.as_ref()?.take(self.entry(*positions).values.as_ref()?),
            _ => None,
        }
    }
    /// The type that a rule gives, at the present place in the source.
    fn derive(&mut self, rule: Outcome<ArrayTy>) -> Outcome<A> {
        let ty = rule.map_err(|error| error.or_at(self.span))?;
        Ok(self.value(ty))
    }
}

/// All of an axis.
const WHOLE: SliceTy = SliceTy::Range { lo: Bound::Open, hi: Bound::Open, step: 1 };

/// What a slice's entries are as far as its type goes. K0301 for an index that is not an integer.
pub fn slice_types(b: &dyn Build, index: &[SliceArg]) -> Outcome<Vec<SliceTy>> {
    let integer = |a: A, what: &str, rank: usize| {
        let ty = b.ty(a);
        if ty.dtype.is_int() && ty.rank() == rank {
            return Ok(ty);
        }
        Err(Diagnostic::new(Code::Type, format!("{what}, not {ty}")).help("round and convert a float: `floor(x).as(i64)`"))
    };
    let scalar = |a: A| {
        integer(a, "an index is an integer", 0)?;
        Ok(b.known(a).and_then(Scalar::as_int).map(|at| at.clamp(i64::MIN.into(), i64::MAX.into()) as i64))
    };
    let bound = |a: &Option<A>| -> Outcome<Bound> { a.map_or(Ok(Bound::Open), |a| Ok(scalar(a)?.map_or(Bound::Computed, Bound::Known))) };
    let entry = |entry: &SliceArg| match entry {
        SliceArg::At(a, span) => Ok(SliceTy::At(scalar(*a).map_err(|error: Box<Diagnostic>| error.or_at(*span))?, *span)),
        SliceArg::Range { lo, hi, step } => Ok(SliceTy::Range { lo: bound(lo)?, hi: bound(hi)?, step: *step }),
        SliceArg::Take(a, _) if b.ty(*a).dtype == DType::Bool => Ok(SliceTy::Mask { over: b.ty(*a).rank(), size: None }),
        SliceArg::Take(a, span) => {
            let ty = integer(*a, "positions are a one-dimensional array of integers", 1).map_err(|error| error.or_at(*span))?;
            Ok(SliceTy::Take(ty.dims[0].size))
        }
        SliceArg::New => Ok(SliceTy::New),
    };
    index.iter().map(entry).collect()
}

impl Build for TypeBuild {
    fn at(&mut self, span: Span) {
        self.span = span;
    }
    fn ty(&self, a: A) -> ArrayTy {
        self.entry(a).ty.clone()
    }
    fn known(&self, a: A) -> Option<Scalar> {
        self.entry(a).known
    }
    fn constant(&mut self, value: Scalar) -> A {
        let span = self.span;
        self.push(Entry { ty: ArrayTy::scalar(value.dtype), known: Some(value), size: None, values: None, text: String::new(), span })
    }
    fn array(&mut self, values: &Array) -> Outcome<A> {
        let a = self.value(values.ty().clone());
        self.know(a, Values::given(values));
        Ok(a)
    }
    fn values(&mut self, a: A) -> Outcome<Option<Array>> {
        let entry = self.entry(a);
        Ok(entry.values.as_ref().and_then(|values| values.array(entry.ty.dtype)))
    }
    fn name(&self, a: A) -> Option<Name> {
        Some(Name::new(&self.entry(a).text)).filter(|name| !name.is_empty())
    }
    fn size(&mut self, a: A, axis: usize) -> A {
        let size = self.entry(a).ty.dims.get(axis).map_or(Size::Known(1), |dim| dim.size);
        let (known, span) = (size.known().map(|size| Scalar::i64(size as i64)), self.span);
        self.push(Entry { ty: ArrayTy::scalar(DType::I64), known, size: Some(size), values: None, text: String::new(), span })
    }
    fn iota(&mut self, len: Extent) -> Outcome<A> {
        let size = self.size_of(len)?;
        let a = self.value(ArrayTy { dtype: DType::I64, dims: vec![Dim::sized(size)] });
        self.know(a, size.known().and_then(Values::iota));
        Ok(a)
    }
    fn map(&mut self, op: ScalarOp, args: &[A]) -> Outcome<A> {
        let operands: Vec<Placed> = args.iter().map(|a| self.placed(*a)).collect();
        let dims = broadcast(&operands)?.dims;
        let dtype = operands.last().map_or(DType::F64, |operand| operand.ty.dtype);
        let Some(result) = op.result(dtype) else {
            return Err(Diagnostic::at(Code::Dtype, self.span, format!("`{}` is not defined for {dtype}", signature::op_text(op))));
        };
        let values: Option<Vec<Scalar>> = args.iter().map(|a| self.known(*a)).collect();
        // What fails stays to be computed: it may stand where the program never goes.
        match values.and_then(|values| eval::operate(op, dtype, &values, false).ok()) {
            Some(value) => Ok(self.constant(value)),
            None => {
                let part = |a: &A| match (self.known(*a), &self.entry(*a).values) {
                    (Some(value), _) => Some(Part::Scalar(value)),
                    (None, values) => values.clone().map(Part::Values),
                };
                let parts: Option<Vec<Part>> = if dims.len() == 1 { args.iter().map(part).collect() } else { None };
                let a = self.value(ArrayTy { dtype: result, dims });
                self.know(a, parts.and_then(|parts| Values::map(op, dtype, parts)));
                Ok(a)
            }
        }
    }
    fn cast(&mut self, a: A, to: DType) -> Outcome<A> {
        let entry = self.entry(a);
        let (ty, known) = (entry.ty.with_dtype(to), entry.known.map(|value| value.cast(to)));
        let (text, span, size) = (entry.text.clone(), entry.span, entry.size.filter(|_| to == DType::I64));
        let values = entry.values.as_ref().and_then(|values| values.cast(to));
        Ok(self.push(Entry { ty, known, size, values, text, span }))
    }
    fn broadcast(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
        let sizes = self.sizes_of(shape)?;
        let rule = shape::broadcast_to(&self.entry(a).ty, &sizes);
        self.derive(rule)
    }
    fn transpose(&mut self, a: A, order: &[usize]) -> Outcome<A> {
        let rule = shape::transpose(&self.entry(a).ty, order);
        self.derive(rule)
    }
    fn slice(&mut self, a: A, index: &[SliceArg]) -> Outcome<A> {
        let entries = slice_types(self, index).map_err(|error| error.or_at(self.span))?;
        let mut axis = 0;
        for (arg, entry) in index.iter().zip(&entries) {
            if let (SliceArg::Take(mask, span), SliceTy::Mask { .. }) = (arg, entry) {
                slice::check_mask(&self.placed(a), axis, &self.ty(*mask), *span)?;
            }
            axis += entry.axes();
        }
        let mut unknowns = std::mem::take(&mut self.unknowns);
        let rule = slice::slice(&self.placed(a), &entries, &mut unknowns);
        self.unknowns = unknowns;
        let values = self.sliced_values(a, &entries, index);
        let value = if entries.iter().all(|entry| *entry == SliceTy::New || *entry == WHOLE) {
            self.derive_from(a, rule)
        } else {
            self.derive(rule)
        }?;
        self.know(value, values);
        Ok(value)
    }
    fn reshape(&mut self, a: A, shape: &[Extent]) -> Outcome<A> {
        let sizes = self.sizes_of(shape)?;
        let rule = shape::reshape(&self.entry(a).ty, &sizes);
        self.derive(rule)
    }
    fn rename(&mut self, a: A, dims: Vec<Dim>) -> Outcome<A> {
        let rule = shape::rename(&self.entry(a).ty, dims);
        let values = self.entry(a).values.clone();
        let renamed = self.derive_from(a, rule)?;
        self.know(renamed, values);
        Ok(renamed)
    }
    fn concat(&mut self, parts: &[A], axis: usize) -> Outcome<A> {
        let mut unknowns = std::mem::take(&mut self.unknowns);
        let rule = shape::concat(&parts.iter().map(|a| self.placed(*a)).collect::<Vec<_>>(), axis, &mut unknowns);
        self.unknowns = unknowns;
        let values: Option<Vec<Values>> = parts.iter().map(|part| self.entry(*part).values.clone()).collect();
        let joined = self.derive(rule)?;
        self.know(joined, values.and_then(|values| Values::concat(&values)));
        Ok(joined)
    }
    fn reduce_groups(&mut self, op: ReduceOp, a: A, axes: &[usize], groups: &Groups) -> Outcome<A> {
        let rule = group::reduce(&self.entry(a).ty, op, axes, groups);
        self.derive(rule)
    }
    fn reduce(&mut self, op: ReduceOp, a: A, axes: &[usize]) -> Outcome<A> {
        let rule = shape::reduce(&self.entry(a).ty, op, axes);
        self.derive(rule)
    }
    fn scan(&mut self, op: ScalarOp, a: A, axis: usize) -> Outcome<A> {
        let rule = shape::scan(&self.entry(a).ty, op, axis);
        self.derive(rule)
    }
    fn matmul(&mut self, a: A, b: A) -> Outcome<A> {
        let rule = shape::matmul(&self.placed(a), &self.placed(b));
        self.derive(rule)
    }
    fn routine(&mut self, routine: Routine, operands: &[A]) -> Outcome<Vec<A>> {
        let types: Vec<ArrayTy> = operands.iter().map(|a| self.ty(*a)).collect();
        let results = routine.results(&types, &mut self.unknowns).map_err(|error| error.or_at(self.span))?;
        Ok(results.into_iter().map(|ty| self.value(ty)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fold_and_sizes_are_known() {
        let mut b = TypeBuild::default();
        let x = b.input(ArrayTy::unnamed(DType::F64, &[6, 4]), None, "x", Span::default());
        let (rows, two) = (b.size(x, 0), b.constant(Scalar::i64(2)));
        let half = b.map(ScalarOp::FloorDiv, &[rows, two]).unwrap();
        assert_eq!(b.known(half), Some(Scalar::i64(3)));
        let iota = b.iota(Extent::Value(half)).unwrap();
        assert_eq!(b.ty(iota).to_string(), "i64[3]");
        let zero = b.constant(Scalar::i64(0));
        let failed = b.map(ScalarOp::FloorDiv, &[rows, zero]).unwrap();
        assert_eq!((b.known(failed), b.ty(failed).to_string().as_str()), (None, "i64"));
    }

    #[test]
    fn one_unknown_scalar_is_one_size() {
        let mut b = TypeBuild::default();
        let n = b.input(ArrayTy::scalar(DType::I64), None, "n", Span::default());
        let (a, c) = (b.iota(Extent::Value(n)).unwrap(), b.iota(Extent::Value(n)).unwrap());
        assert_eq!(b.ty(a).dims[0].size, b.ty(c).dims[0].size);
        let again = b.size(a, 0);
        let d = b.iota(Extent::Value(again)).unwrap();
        assert_eq!(b.ty(a).dims[0].size, b.ty(d).dims[0].size);
        let minus = b.constant(Scalar::i64(-3));
        assert_eq!(b.iota(Extent::Value(minus)).unwrap_err().message, "a size of -3");
    }
}
