//! Faults of running kernels as diagnostics: the one place where their messages are made.

use super::abi::Fault;
use super::ir::FaultKind;
use crate::base::{Code, Diagnostic, Span};

/// The diagnostic of a fault. Its place is the fault's, where it has one.
pub fn diagnose(fault: &Fault) -> Box<Diagnostic> {
    let value = |at: usize| fault.values.get(at).copied().unwrap_or(0);
    let error = match fault.kind {
        FaultKind::Bounds => {
            let (axis, index, size) = (value(0), value(1), value(2));
            let error = Diagnostic::new(Code::Bounds, format!("index {index} is outside dimension {axis} of size {size}"));
            match size {
                0 => error.help("the array is empty"),
                _ if index < 0 => {
                    error.help(format!("computed indices run from 0 to {}; only a negative literal counts from the end", size - 1))
                }
                _ => error.help(format!("indices run from 0 to {}", size - 1)),
            }
        }
        FaultKind::DivideByZero => {
            let error = Diagnostic::new(Code::DivideByZero, format!("integer division by zero{}", indices(fault)));
            error.help("divide floats, which give inf or nan, or test the divisor first")
        }
        FaultKind::Overflow => {
            Diagnostic::new(Code::Overflow, format!("integer overflow{}", indices(fault))).help("without --checked it wraps")
        }
        FaultKind::NegativePower => {
            let error = Diagnostic::new(Code::Value, format!("an integer to a negative power{}", indices(fault)));
            error.help("convert the base: `f64(x) ** n`")
        }
        FaultKind::NoElement => Diagnostic::new(Code::Value, "there is no element to choose: all are NaN, or there are none"),
        FaultKind::Recursion => {
            Diagnostic::new(Code::Recursion, "the function calls itself too deeply").help("use a loop, or make sure it ends")
        }
        FaultKind::Shape => {
            let error = Diagnostic::new(Code::Shape, format!("sizes {} and {} differ along dimension {}", value(0), value(1), value(2)));
            error.help("sizes are equal, or one of them is 1")
        }
        FaultKind::Memory => {
            let size = bytes(value(0));
            Diagnostic::new(Code::Memory, format!("no {size} of memory left for a local array")).help("raise the limit with --memory")
        }
        FaultKind::Cancelled => Diagnostic::new(Code::Cancelled, "stopped"),
        FaultKind::Assertion => Diagnostic::new(Code::Assertion, "assertion failed"),
        FaultKind::Value => Diagnostic::new(Code::Value, "a value outside the domain of the function"),
    };
    if fault.span == Span::default() { error } else { error.or_at(fault.span) }
}

/// ` at [3, 4]`: the indices of the loops round it.
fn indices(fault: &Fault) -> String {
    match fault.values.is_empty() {
        true => String::new(),
        false => format!(" at [{}]", fault.values.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn bytes(size: i64) -> String {
    if size >= 1_000_000 { format!("{} MB", size / 1_000_000) } else { format!("{size} bytes") }
}
