//! What an open file shows of itself: variables, dimensions, coordinates, units.

use crate::array::{Coord, Dim, display};
use crate::types::DatasetTy;
use std::fmt::Write;
use std::sync::Arc;

/// A dataset as text: dimensions with their coordinates, variables with type and units, groups.
pub fn summary(dataset: &DatasetTy) -> String {
    let mut text = format!("dataset {}", dataset.path);
    let mut dims: Vec<&Dim> = Vec::new();
    for dim in dataset.variables.iter().flat_map(|variable| &variable.ty.dims) {
        if dim.name.is_some() && !dims.iter().any(|known| known.name == dim.name) {
            dims.push(dim);
        }
    }
    if !dims.is_empty() {
        text.push_str("\ndimensions");
    }
    // Columns are as wide as the longest name.
    let names = dims.iter().filter_map(|dim| dim.name.as_deref()).chain(dataset.variables.iter().map(|variable| variable.name.as_str()));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0).max(16);
    for dim in &dims {
        let coord = dim.coord.as_ref().map_or(String::new(), range);
        let _ = write!(text, "\n  {:<width$} {:>8}  {coord}", dim.name.as_deref().unwrap_or("_"), dim.size.to_string());
    }
    if !dataset.variables.is_empty() {
        text.push_str("\nvariables");
    }
    for variable in &dataset.variables {
        let attr = |name: &str| variable.attrs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let dims: Vec<&str> = variable.ty.dims.iter().map(|dim| dim.name.as_deref().unwrap_or("_")).collect();
        let dims = if dims.is_empty() { String::new() } else { format!("[{}]", dims.join(", ")) };
        let _ = write!(text, "\n  {:<width$} ", variable.name.as_str());
        if let Some(reason) = &variable.skipped {
            let _ = write!(text, "(not readable: {reason})");
            continue;
        }
        let _ = write!(text, "{}{dims}", variable.ty.dtype);
        if let Some(units) = attr("units").filter(|_| !variable.ty.dtype.is_time()) {
            let _ = write!(text, "  {units}");
        }
        if let Some(name) = attr("long_name").or(attr("standard_name")) {
            let _ = write!(text, "  {name}");
        }
    }
    for (name, group) in &dataset.groups {
        let _ = write!(text, "\ngroup {name}: {} variables", group.variables.len());
    }
    text
}

/// First and last value of a coordinate, with units.
fn range(coord: &Arc<Coord>) -> String {
    let values = &coord.values;
    let at = |index: u64| values.get(&[index]).map_or(String::new(), display::scalar);
    let units = coord.units.as_ref().map_or(String::new(), |units| format!(" {units}"));
    match values.count() {
        0 => String::new(),
        1 => format!("{}{units}", at(0)),
        count => format!("{} … {}{units}", at(0), at(count - 1)),
    }
}
