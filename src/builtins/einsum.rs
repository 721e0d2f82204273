//! `einsum`: sums of products written with a letter for each dimension. Owns the notation and the order of contraction; products are
//! `products`' and `@`.

use super::axes::{bare, names_of, with_axis, with_names};
use super::build::{A, Build, Value};
use super::grids::diagonal;
use super::linear::product_operands;
use super::parts::{built, cast, examples, mul, optional, required, shape_of};
use super::products::{contract, distinct, matmul};
use super::reductions::fold;
use super::{Args, Builtin, Default, Family, ParamKind};
use crate::array::{DType, Size};
use crate::base::{Code, Diagnostic, Name, Outcome};
use crate::ops::ScalarOp as Op;
use crate::types::promote::promote_or_fail;

pub const TABLE: &[Builtin] = &[built(
    "einsum",
    Family::Linear,
    &[required("subscripts", ParamKind::Text), optional("arrays", ParamKind::Arrays, Default::Absent)],
    |b, args| einsum(b, args).map(Value::Array),
    "Sums of products in Einstein's notation: `einsum(\"ij,jk->ik\", x, y)` is `x @ y`.\n\
     A letter names a dimension of each array; letters that are not in the result are summed, a letter twice in one array is its diagonal,\n\
     \"...\" stands for the dimensions that are not named and broadcast. Without `->` the result has the letters that stand once, in\n\
     alphabetical order. Dtypes as in `dot`. Of several arrays the pair whose product is smallest is multiplied first, by `@` where it sums.",
    examples![
        "a = [[1, 2], [3, 4]]\nprint(einsum(\"ij,jk->ik\", a, a))" => "[[7, 10], [15, 22]]",
        "print(einsum(\"ii\", [[1, 2], [3, 4]]), einsum(\"ij->ji\", [[1, 2], [3, 4]]))" => "5 [[1, 3], [2, 4]]",
    ],
)];

/// What names a dimension: a letter, or a place in "...", counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Letter(char),
    Rest(usize),
}

/// An array with a label for each dimension.
struct Term {
    value: A,
    labels: Vec<Label>,
}

fn einsum(b: &mut dyn Build, args: &Args) -> Outcome<A> {
    let text = args.text(0).unwrap_or_default();
    let arrays = args.arrays()?;
    let wrong = |message: String| Diagnostic::at(Code::Value, args.span_of(0), message);
    let (inputs, output) = text.split_once("->").map_or((text, None), |(inputs, output)| (inputs, Some(output)));
    let inputs: Vec<&str> = inputs.split(',').collect();
    if inputs.len() != arrays.len() {
        return Err(wrong(format!("\"{text}\" names {} arrays, found {}", inputs.len(), arrays.len())));
    }
    let dtypes: Vec<DType> = arrays.iter().map(|x| b.ty(*x).dtype).collect();
    let common = promote_or_fail("einsum", &dtypes)?;
    let mut terms = Vec::with_capacity(arrays.len());
    for (letters, x) in inputs.iter().zip(arrays) {
        let rank = b.ty(x).rank();
        let labels = labels(letters, Some(rank)).map_err(wrong)?;
        if labels.len() != rank {
            let message = format!("\"{}\" names {} dimensions, the array is {}", letters.trim(), labels.len(), b.ty(x));
            return Err(Diagnostic::at(Code::Rank, args.span_of(0), message));
        }
        let x = cast(b, x, common)?;
        let (x, _) = product_operands(b, x, x)?;
        terms.push(Term { value: x, labels });
    }
    let rest =
        terms.iter().flat_map(|term| &term.labels).filter_map(|label| if let Label::Rest(at) = label { Some(at + 1) } else { None }).max();
    let output = match output {
        Some(letters) => output_labels(letters, rest.unwrap_or(0)).map_err(wrong)?,
        None => implicit(&terms, rest.unwrap_or(0)),
    };
    for (at, label) in output.iter().enumerate() {
        if output[..at].contains(label) {
            return Err(wrong(format!("{label:?} stands twice in the result of \"{text}\"")).help("a letter of the result stands once"));
        }
        if !terms.iter().any(|term| term.labels.contains(label)) {
            return Err(wrong(format!("the result of \"{text}\" has a letter that no array has")));
        }
    }
    let sizes = check_sizes(b, &terms, args)?;
    let names: Vec<Option<Name>> = output.iter().map(|label| name_of(b, &terms, *label)).collect();
    let value = product(b, terms, &output, &sizes)?;
    with_names(b, value, distinct(names))
}

/// The labels of one array; "..." is as many dimensions as are left of `rank`.
fn labels(letters: &str, rank: Option<usize>) -> Result<Vec<Label>, String> {
    let (before, after) = match letters.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (letters, None),
    };
    let read = |part: &str| -> Result<Vec<Label>, String> {
        let letter = |c: char| if c.is_alphabetic() { Ok(Label::Letter(c)) } else { Err(format!("`{c}` in \"{letters}\" is no letter")) };
        part.chars().filter(|c| !c.is_whitespace()).map(letter).collect()
    };
    let mut all = read(before)?;
    if let Some(after) = after {
        let after = read(after)?;
        let count = rank.unwrap_or(0).saturating_sub(all.len() + after.len());
        all.extend((0..count).rev().map(Label::Rest));
        all.extend(after);
    }
    Ok(all)
}

fn output_labels(letters: &str, rest: usize) -> Result<Vec<Label>, String> {
    let named = letters.replace("...", "").chars().filter(|c| !c.is_whitespace()).count();
    labels(letters, Some(named + rest))
}

/// "..." first, then the letters that stand once.
fn implicit(terms: &[Term], rest: usize) -> Vec<Label> {
    let mut letters: Vec<char> =
        terms.iter().flat_map(|term| &term.labels).filter_map(|label| if let Label::Letter(c) = label { Some(*c) } else { None }).collect();
    letters.sort_unstable();
    let once = |c: &char| letters.iter().filter(|other| *other == c).count() == 1;
    (0..rest).rev().map(Label::Rest).chain(letters.iter().filter(|c| once(c)).map(|c| Label::Letter(*c))).collect()
}

/// The size of every label: equal wherever it stands, or 1 in "...".
fn check_sizes(b: &dyn Build, terms: &[Term], args: &Args) -> Outcome<Vec<(Label, Size)>> {
    let mut sizes: Vec<(Label, Size)> = Vec::new();
    for term in terms {
        for (label, dim) in term.labels.iter().zip(b.ty(term.value).dims) {
            match sizes.iter_mut().find(|(known, _)| known == label) {
                None => sizes.push((*label, dim.size)),
                Some((_, size)) => match (size.known(), dim.size.known()) {
                    (Some(a), Some(c)) if a != c && !(matches!(label, Label::Rest(_)) && (a == 1 || c == 1)) => {
                        let what = if let Label::Letter(c) = label { c.to_string() } else { "...".into() };
                        let error = Diagnostic::at(Code::Shape, args.span_of(0), format!("`{what}` is {a} and {c}"));
                        return Err(error.help("a letter is one size"));
                    }
                    (Some(1), _) | (None, Some(_)) => *size = dim.size,
                    _ => {}
                },
            }
        }
    }
    Ok(sizes)
}

fn name_of(b: &dyn Build, terms: &[Term], label: Label) -> Option<Name> {
    terms.iter().find_map(|term| {
        let at = term.labels.iter().position(|own| *own == label)?;
        names_of(b, term.value).swap_remove(at)
    })
}

fn product(b: &mut dyn Build, mut terms: Vec<Term>, output: &[Label], sizes: &[(Label, Size)]) -> Outcome<A> {
    for at in 0..terms.len() {
        let value = bare(b, terms[at].value)?;
        let labels = std::mem::take(&mut terms[at].labels);
        terms[at] = without_doubles(b, Term { value, labels })?;
        let alone = |label: &Label| {
            !output.contains(label) && !terms.iter().enumerate().any(|(other, term)| other != at && term.labels.contains(label))
        };
        let summed: Vec<usize> = (0..terms[at].labels.len()).filter(|axis| alone(&terms[at].labels[*axis])).collect();
        let value = fold(b, Op::Add, terms[at].value, &summed)?;
        let labels = terms[at].labels.iter().filter(|label| !alone(label)).copied().collect();
        terms[at] = Term { value, labels };
    }
    while terms.len() > 1 {
        let (first, second) = cheapest(&terms, output, sizes);
        let right = terms.remove(second);
        let left = terms.remove(first);
        let kept = |label: &Label| output.contains(label) || terms.iter().any(|term| term.labels.contains(label));
        let pair = multiply(b, left, right, &kept)?;
        terms.push(pair);
    }
    let Some(term) = terms.pop() else { return Err(Diagnostic::new(Code::Internal, "no terms")) };
    let order: Vec<usize> = output.iter().filter_map(|label| term.labels.iter().position(|own| own == label)).collect();
    b.transpose(term.value, &order)
}

/// A label that stands twice is the diagonal of the two dimensions.
fn without_doubles(b: &mut dyn Build, mut term: Term) -> Outcome<Term> {
    while let Some((first, second)) = doubled(&term.labels) {
        let label = term.labels[first];
        let rank = term.labels.len();
        let mut order: Vec<usize> = (0..rank).filter(|axis| *axis != first && *axis != second).collect();
        term.labels = order.iter().map(|axis| term.labels[*axis]).collect();
        term.labels.push(label);
        order.extend([first, second]);
        let turned = b.transpose(term.value, &order)?;
        term.value = diagonal(b, turned, 0)?;
    }
    Ok(term)
}

fn doubled(labels: &[Label]) -> Option<(usize, usize)> {
    (0..labels.len()).find_map(|second| Some((labels[..second].iter().position(|label| *label == labels[second])?, second)))
}

/// The pair whose product is smallest, less what it replaces.
fn cheapest(terms: &[Term], output: &[Label], sizes: &[(Label, Size)]) -> (usize, usize) {
    // A size that is not known counts as a large one.
    let size = |label: &Label| sizes.iter().find(|(known, _)| known == label).and_then(|(_, size)| size.known()).unwrap_or(1000) as f64;
    let elements = |labels: &mut dyn Iterator<Item = &Label>| labels.map(&size).product::<f64>();
    let mut best = ((0, 1), f64::INFINITY);
    for first in 0..terms.len() {
        for second in first + 1..terms.len() {
            let (a, c) = (&terms[first].labels, &terms[second].labels);
            let elsewhere = |label: &Label| {
                let others = terms.iter().enumerate().filter(|(at, _)| *at != first && *at != second);
                output.contains(label) || others.into_iter().any(|(_, term)| term.labels.contains(label))
            };
            let union = a.iter().chain(c.iter().filter(|label| !a.contains(label)));
            let cost = elements(&mut union.filter(|label| elsewhere(label))) - elements(&mut a.iter()) - elements(&mut c.iter());
            if cost < best.1 {
                best = ((first, second), cost);
            }
        }
    }
    best.0
}

/// The product of two terms, summed over the labels that nothing else has.
fn multiply(b: &mut dyn Build, left: Term, right: Term, kept: &dyn Fn(&Label) -> bool) -> Outcome<Term> {
    let place = |term: &Term, label: &Label| term.labels.iter().position(|own| own == label).unwrap_or(0);
    let both = |label: &&Label| right.labels.contains(label);
    let summed: Vec<Label> = left.labels.iter().filter(both).filter(|label| !kept(label)).copied().collect();
    let batch: Vec<Label> = left.labels.iter().filter(both).filter(|label| kept(label)).copied().collect();
    let only =
        |term: &Term| term.labels.iter().filter(|label| !summed.contains(label) && !batch.contains(label)).copied().collect::<Vec<Label>>();
    let (free_left, free_right) = (only(&left), only(&right));
    // Broadcasting in "..." is not what `@` sums.
    let plain = |term: &Term| summed.iter().all(|label| b.ty(term.value).dims[place(term, label)].size != Size::Known(1));
    if !summed.is_empty() && batch.is_empty() && plain(&left) == plain(&right) {
        let axes = |term: &Term| summed.iter().map(|label| place(term, label)).collect::<Vec<usize>>();
        let value = contract(b, left.value, right.value, &axes(&left), &axes(&right))?;
        return Ok(Term { value, labels: [free_left, free_right].concat() });
    }
    if summed.len() == 1 && plain(&left) == plain(&right) && free_left.len() <= 1 && free_right.len() <= 1 {
        // Stacks of matrices: a vector is a matrix of one row or column.
        let order = |term: &Term, labels: [&[Label]; 3]| labels.concat().iter().map(|label| place(term, label)).collect::<Vec<usize>>();
        let mut x = b.transpose(left.value, &order(&left, [&batch, &free_left, &summed]))?;
        let mut y = b.transpose(right.value, &order(&right, [&batch, &summed, &free_right]))?;
        if free_left.is_empty() {
            x = with_axis(b, x, batch.len())?;
        }
        if free_right.is_empty() {
            y = with_axis(b, y, batch.len() + 1)?;
        }
        let mut value = matmul(b, x, y)?;
        let mut shape = shape_of(b, value);
        if free_right.is_empty() {
            shape.pop();
        }
        if free_left.is_empty() {
            shape.remove(batch.len());
        }
        if free_left.is_empty() || free_right.is_empty() {
            value = b.reshape(value, &shape)?;
        }
        return Ok(Term { value, labels: [batch, free_left, free_right].concat() });
    }
    let all = [batch, free_left, free_right, summed.clone()].concat();
    let mut spread = Vec::with_capacity(2);
    for term in [&left, &right] {
        let order: Vec<usize> = all.iter().filter_map(|label| term.labels.iter().position(|own| own == label)).collect();
        let mut value = b.transpose(term.value, &order)?;
        for (axis, label) in all.iter().enumerate() {
            if !term.labels.contains(label) {
                value = with_axis(b, value, axis)?;
            }
        }
        spread.push(value);
    }
    let product = mul(b, spread[0], spread[1])?;
    let last: Vec<usize> = (all.len() - summed.len()..all.len()).collect();
    let value = fold(b, Op::Add, product, &last)?;
    Ok(Term { value, labels: all[..all.len() - summed.len()].to_vec() })
}
