//! Dimensions of HDF5 files: dimension scales as NetCDF-4 and h5py attach them, or labels; without either a dimension has no name.
//!
//! A dimension is known by the address of its scale, so equal names in different groups stay apart.

use super::Dataset;
use crate::base::Name;
use crate::io::info::{AxisInfo, DimInfo, leaf};
use hdf5_reader::reference::resolve_object_reference;
use hdf5_reader::{Attribute, Datatype};
use std::collections::HashMap;

/// What a data set says of its dimensions.
#[derive(Default)]
pub(super) struct Links {
    /// It is a dimension scale.
    pub is_scale: bool,
    /// It only stands for a dimension; there is no variable.
    pub only_dimension: bool,
    /// The number that NetCDF-4 gives the dimension of a scale.
    id: Option<i64>,
    /// For a scale of several dimensions: the numbers of them all.
    ids: Vec<i64>,
    /// Addresses of the scales of each axis, where there are any.
    scales: Vec<Option<u64>>,
    labels: Vec<String>,
}

/// Reads the attributes that link a data set to dimensions. What is damaged is as if it were not there.
pub(super) fn links(dataset: &hdf5_reader::Dataset, attributes: &[Attribute], offset_size: u8) -> Links {
    let find = |name: &str| attributes.iter().find(|attr| attr.name == name);
    let text = |name: &str| find(name).and_then(|attr| attr.read_string().ok());
    let ids = |name: &str| find(name).and_then(|attr| attr.read_1d::<i32>().ok()).unwrap_or_default();
    let is_scale = text("CLASS").is_some_and(|class| class == "DIMENSION_SCALE");
    let phony = text("NAME").is_some_and(|name| name.starts_with("This is a netCDF dimension but not a netCDF variable"));
    Links {
        is_scale,
        only_dimension: is_scale && phony,
        id: ids("_Netcdf4Dimid").first().map(|id| i64::from(*id)),
        ids: ids("_Netcdf4Coordinates").into_iter().map(i64::from).collect(),
        scales: find("DIMENSION_LIST").map(|attr| scales(dataset, attr, offset_size)).unwrap_or_default(),
        labels: find("DIMENSION_LABELS").and_then(|attr| attr.read_strings().ok()).unwrap_or_default(),
    }
}

/// `DIMENSION_LIST`: for each axis a sequence of references, of which the first counts.
fn scales(dataset: &hdf5_reader::Dataset, attr: &Attribute, offset_size: u8) -> Vec<Option<u64>> {
    if !matches!(attr.datatype, Datatype::VarLen { .. }) {
        return Vec::new();
    }
    let sequences = attr.raw_data.chunks_exact(dataset.vlen_reference_size());
    let first = |sequence| {
        let references = dataset.resolve_vlen_reference_bytes(sequence, usize::from(offset_size)).ok()?;
        resolve_object_reference(&references, offset_size).ok()
    };
    sequences.map(first).collect()
}

/// The dimensions of a file, and those of each data set.
pub(super) struct Resolved {
    pub dims: Vec<DimInfo>,
    /// For each data set its axes; an unlimited axis is as long as its dimension, though the data set may be shorter.
    pub axes: Vec<Vec<AxisInfo>>,
}

/// Finds the dimension of every axis. `variable_of` gives the position among the variables for each data set that is one.
pub(super) fn resolve(datasets: &[Dataset], variable_of: &[Option<usize>]) -> Resolved {
    let scales = || datasets.iter().enumerate().filter(|(_, dataset)| dataset.links.is_scale && !dataset.shape.is_empty());
    let by_address: HashMap<u64, usize> = scales().map(|(at, dataset)| (dataset.address, at)).collect();
    let by_id: HashMap<i64, usize> = scales().filter_map(|(at, dataset)| Some((dataset.links.id?, at))).collect();
    let scale_of = |dataset: &Dataset, at: usize, axis: usize| -> Option<usize> {
        let links = &dataset.links;
        if !links.is_scale {
            return links.scales.get(axis).copied().flatten().and_then(|address| by_address.get(&address).copied());
        }
        if dataset.shape.len() == 1 { Some(at) } else { links.ids.get(axis).and_then(|id| by_id.get(id).copied()) }
    };
    let mut sizes: HashMap<usize, u64> = scales().map(|(at, dataset)| (at, dataset.shape[0])).collect();
    for (at, dataset) in datasets.iter().enumerate() {
        for axis in 0..dataset.shape.len() {
            if let (Some(scale), true) = (scale_of(dataset, at, axis), dataset.unlimited[axis]) {
                let size = sizes.entry(scale).or_default();
                *size = (*size).max(dataset.shape[axis]);
            }
        }
    }
    let axis_info = |dataset: &Dataset, at: usize, axis: usize| {
        let own = dataset.shape[axis];
        match scale_of(dataset, at, axis) {
            Some(scale) => {
                let shared = sizes.get(&scale).copied().unwrap_or(own);
                let size = if dataset.unlimited[axis] && dataset.is_chunked() { shared.max(own) } else { own };
                AxisInfo { name: Some(Name::new(leaf(&datasets[scale].path))), size, coord: variable_of[scale] }
            }
            None => {
                let label = dataset.links.labels.get(axis).filter(|label| !label.is_empty());
                AxisInfo { name: label.map(Name::new), size: own, coord: None }
            }
        }
    };
    let axes = datasets.iter().enumerate().map(|(at, dataset)| (0..dataset.shape.len()).map(|axis| axis_info(dataset, at, axis)).collect());
    let dims = scales().filter(|(_, dataset)| dataset.shape.len() == 1 || dataset.links.id.is_some());
    let dims = dims.map(|(at, dataset)| DimInfo {
        name: Name::new(dataset.path.trim_start_matches('/')),
        size: sizes[&at],
        unlimited: dataset.unlimited[0],
    });
    Resolved { axes: axes.collect(), dims: dims.collect() }
}
