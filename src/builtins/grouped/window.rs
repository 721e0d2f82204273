//! Reductions in windows: a window of w elements is put together from windows of 1, 2, 4, … by folding two neighbours, so that it takes
//! log w steps, which fuse. `WindowBuild` gives them to the definitions of the reductions. Chan, Golub, LeVeque 1983 for the spreads.

use super::super::build::{A, Build, Extent, ReduceOp, SliceArg, Value};
use super::super::parts::{ALL, cast, elementwise, floated, missing, number, shape_of};
use super::super::{Args, Builtin, apply, find};
use super::{known_size, over, plain, sizes, unfit};
use crate::array::{Array, ArrayTy, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic, Name, Outcome, Span};
use crate::ops::ScalarOp as Op;
use crate::types::group::{Groups, Parting, Window};
use std::sync::Arc;

pub fn rolling(b: &mut dyn Build, args: &Args) -> Outcome<Value> {
    let x = args.array(0)?;
    let center = args.bool(2)?;
    let least = match args.values.get(3) {
        Some(Some(_)) => Some(args.int(3)?),
        _ => None,
    };
    let mut windows = Vec::new();
    for (axis, size) in sizes(b, args, x)? {
        known_size(b, x, axis)?;
        let least = least
            .map_or(Some(size), |least| u64::try_from(least).ok())
            .filter(|least| *least <= size)
            .ok_or_else(|| Diagnostic::at(Code::Value, args.span_of(3), format!("`min_periods` is from 0 to the window's size, {size}")))?;
        windows.push(Window { axis, size, center, least });
    }
    if windows.len() > 1 && least.is_some() {
        return Err(Diagnostic::at(Code::Unsupported, args.span_of(3), "`min_periods` is for a window along one dimension"));
    }
    Ok(Value::Grouped(vec![x], Arc::new(Parting::Windows(windows))))
}

pub fn reduce(builtin: &Builtin, b: &mut dyn Build, args: &Args, x: A, windows: &[Window]) -> Outcome<Value> {
    let axes = over(b, args, x, windows.iter().map(|window| window.axis))?;
    if axes.len() != windows.len() {
        let message = "a window is reduced along its own dimensions";
        return Err(Diagnostic::at(Code::Type, args.span_of(1), message)
            .help("reduce the others afterwards: `x.rolling(time = 5).mean().mean(over = lat)`"));
    }
    let partial = windows.iter().any(|window| window.least < window.size);
    let skipping = format!("nan{}", builtin.name);
    let builtin = if partial { find(&skipping).unwrap_or(builtin) } else { builtin };
    let count = find("count").ok_or_else(|| unfit(builtin))?;
    let ty = b.ty(x);
    let mut padded = floated(b, x)?;
    for window in windows {
        padded = pad(b, padded, window)?;
    }
    let within = |b: &mut dyn Build, builtin: &Builtin| match apply(
        builtin,
        &mut WindowBuild { inner: b, windows },
        plain(args, padded, axes.clone()),
    )? {
        Value::Array(a) => Ok(a),
        _ => Err(unfit(builtin)),
    };
    let mut value = within(b, builtin)?;
    let dtype = b.ty(value).dtype;
    if partial && builtin.name != "count" && dtype.is_float() {
        let there = within(b, count)?;
        let least = b.constant(Scalar::i64(windows[0].least as i64));
        let (enough, nan) = (elementwise(b, Op::Ge, &[there, least])?, number(b, dtype, f64::NAN));
        value = elementwise(b, Op::Select, &[enough, value, nan])?;
    }
    b.rename(value, ty.dims).map(Value::Array)
}

/// NaN round an array, so that there is a window for each of its elements. The dimension loses its coordinate.
fn pad(b: &mut dyn Build, x: A, window: &Window) -> Outcome<A> {
    let left = if window.center { window.size / 2 } else { window.size - 1 };
    let mut dims = b.ty(x).dims;
    dims[window.axis].coord = None;
    let x = b.rename(x, dims.clone())?;
    let mut parts = vec![x];
    for (count, first) in [(left, true), (window.size - 1 - left, false)] {
        if count > 0 {
            let mut shape = shape_of(b, x);
            shape[window.axis] = Extent::Known(count);
            let dtype = b.ty(x).dtype;
            let nan = number(b, dtype, f64::NAN);
            let part = b.broadcast(nan, &shape)?;
            let mut dims = dims.clone();
            dims[window.axis].size = Size::Known(count);
            let part = b.rename(part, dims)?;
            parts.insert(if first { 0 } else { parts.len() }, part);
        }
    }
    if parts.len() == 1 { Ok(x) } else { b.concat(&parts, window.axis) }
}

/// `Build` for the definitions of reductions over windows.
struct WindowBuild<'a> {
    inner: &'a mut dyn Build,
    windows: &'a [Window],
}

/// What is known of a window: one array of a fold; count, mean and sum of squared deviations of a spread.
type Parts = Vec<A>;

impl WindowBuild<'_> {
    fn part(&mut self, a: A, axis: usize, from: u64, count: u64) -> Outcome<A> {
        if self.inner.ty(a).rank() == 0 {
            return Ok(a);
        }
        let mut index = vec![ALL; axis];
        let mut bound = |at: u64| Some(self.inner.constant(Scalar::i64(at as i64)));
        index.push(SliceArg::Range { lo: bound(from), hi: bound(from + count), step: 1 });
        self.inner.slice(a, &index)
    }
    /// Windows of `size` elements along an axis, from those of single elements.
    fn slide(&mut self, op: ReduceOp, mut power: Parts, axis: usize, points: u64, size: u64) -> Outcome<Parts> {
        let (mut width, mut done): (u64, Option<(Parts, u64)>) = (1, None);
        loop {
            if size & width != 0 {
                done = Some(match done.take() {
                    None => (power.clone(), width),
                    Some((before, own)) => (self.neighbours(op, &before, &power, axis, own, points - own - width + 1)?, own + width),
                });
            }
            if size / 2 < width {
                return Ok(done.map_or(power, |(parts, _)| parts));
            }
            power = self.neighbours(op, &power.clone(), &power, axis, width, points - 2 * width + 1)?;
            width *= 2;
        }
    }
    /// Windows joined with those that stand `apart` further on; `count` of them.
    fn neighbours(&mut self, op: ReduceOp, a: &Parts, b: &Parts, axis: usize, apart: u64, count: u64) -> Outcome<Parts> {
        let left = a.iter().map(|a| self.part(*a, axis, 0, count)).collect::<Outcome<Parts>>()?;
        let right = b.iter().map(|b| self.part(*b, axis, apart, count)).collect::<Outcome<Parts>>()?;
        let b = &mut *self.inner;
        if let ReduceOp::Fold(op) = op {
            return Ok(vec![b.map(op, &[left[0], right[0]])?]);
        }
        let ([count_a, mean_a, squares_a], [count_b, mean_b, squares_b]) = (three(&left)?, three(&right)?);
        let total = elementwise(b, Op::Add, &[count_a, count_b])?;
        let delta = elementwise(b, Op::Sub, &[mean_b, mean_a])?;
        let zero = number(b, DType::F64, 0.0);
        let (none, share) = (elementwise(b, Op::Eq, &[total, zero])?, elementwise(b, Op::Div, &[count_b, total])?);
        let share = elementwise(b, Op::Select, &[none, zero, share])?;
        let move_by = elementwise(b, Op::Mul, &[delta, share])?;
        let mean = elementwise(b, Op::Add, &[mean_a, move_by])?;
        let between = elementwise(b, Op::Mul, &[delta, move_by])?;
        let between = elementwise(b, Op::Mul, &[between, count_a])?;
        let squares = elementwise(b, Op::Add, &[squares_a, squares_b])?;
        Ok(vec![total, mean, elementwise(b, Op::Add, &[squares, between])?])
    }
    /// Windows of one element.
    fn single(&mut self, op: ReduceOp, a: A) -> Outcome<Parts> {
        let b = &mut *self.inner;
        let ReduceOp::Deviations { skip_nan } = op else { return Ok(vec![a]) };
        let dtype = b.ty(a).dtype;
        let (zero, one) = (number(b, dtype, 0.0), number(b, dtype, 1.0));
        if !skip_nan {
            return Ok(vec![one, a, elementwise(b, Op::Sub, &[a, a])?]);
        }
        let nan = missing(b, a)?;
        let (count, mean) = (elementwise(b, Op::Select, &[nan, zero, one])?, elementwise(b, Op::Select, &[nan, zero, a])?);
        let squares = elementwise(b, Op::Sub, &[mean, mean])?;
        Ok(vec![cast(b, count, dtype)?, mean, squares])
    }
}

fn three(parts: &Parts) -> Outcome<[A; 3]> {
    parts.as_slice().try_into().map_err(|_| Diagnostic::new(Code::Internal, "a spread has three parts"))
}

impl Build for WindowBuild<'_> {
    fn reduce(&mut self, op: ReduceOp, a: A, _axes: &[usize]) -> Outcome<A> {
        if matches!(op, ReduceOp::Arg { .. }) {
            return Err(Diagnostic::new(Code::Unsupported, "positions within windows are not built yet"));
        }
        let mut parts = self.single(op, a)?;
        for window in self.windows {
            let points = known_size(self.inner, a, window.axis)?;
            parts = self.slide(op, parts, window.axis, points, window.size)?;
        }
        parts.pop().ok_or_else(|| Diagnostic::new(Code::Internal, "a window of nothing"))
    }
    fn size(&mut self, a: A, axis: usize) -> A {
        match self.windows.iter().find(|window| window.axis == axis) {
            Some(window) => self.inner.constant(Scalar::i64(window.size as i64)),
            None => self.inner.size(a, axis),
        }
    }
    fn scan(&mut self, _op: Op, _a: A, _axis: usize) -> Outcome<A> {
        Err(Diagnostic::new(Code::Unsupported, "a running fold within windows is not built yet"))
    }
    super::build::delegated!();
}
