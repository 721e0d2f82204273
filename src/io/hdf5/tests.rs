//! Files written here and read back: every dtype and layout, damage of every kind.

use crate::array::calendar::{MICROS_PER_DAY, NAT};
use crate::array::{Array, ArrayTy, Calendar, Coord, DType, Dim, Scalar, Size};
use crate::base::Code;
use crate::io::save::grain;
use crate::io::{AttrValue, FileSpec, OpenFile, VarSpec, create, open};
use std::path::Path;
use std::sync::Arc;

fn coordinate(dtype: DType, values: &[i64], units: Option<&str>) -> Option<Arc<Coord>> {
    let scalars: Vec<Scalar> = values.iter().map(|value| Scalar::i64(*value).cast(dtype)).collect();
    Some(Arc::new(Coord { values: Array::from_scalars(dtype, &scalars), units: units.map(Into::into) }))
}

fn dim(name: &str, size: u64, coord: Option<Arc<Coord>>) -> Dim {
    Dim { name: Some(name.into()), size: Size::Known(size), coord }
}

/// Bytes of an array that counts up.
fn counting(dtype: DType, count: u64) -> Vec<u8> {
    let mut bytes = vec![0; count as usize * dtype.size()];
    for (at, place) in bytes.chunks_exact_mut(dtype.size()).enumerate() {
        let value = if dtype == DType::Bool { Scalar::bool(at % 3 == 0) } else { Scalar::i64(at as i64 * 7 % 120).cast(dtype.storage()) };
        value.write(place);
    }
    bytes
}

fn elements<T: bytemuck::Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

fn read_all(file: &OpenFile, at: usize) -> Vec<u8> {
    let var = &file.info.variables[at];
    let rank = var.dims.len();
    let mut out = vec![0; var.count() as usize * var.dtype.size()];
    file.read(at, &vec![0; rank], &var.shape(), &vec![1; rank], &mut out).unwrap();
    file.decode(at).bytes(&out)
}

#[test]
fn what_can_become_longer_is_as_long_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    for (unlimited, shape, chunks, compress) in [
        (vec!["y"], [7u64, 5], [3u64, 2], 0),
        (vec!["x"], [7, 5], [3, 2], 4),
        (vec!["y", "x"], [7, 5], [3, 2], 0),
        (vec!["y", "x"], [7, 5], [3, 2], 4),
        (vec!["y"], [0, 5], [3, 2], 4),
        (vec!["y"], [40, 30], [1, 1], 4),
        (vec!["y"], [1, 5], [30, 2], 4),
    ] {
        let dims = [("y", shape[0]), ("x", shape[1])].map(|(name, size)| Dim::named(name, size));
        let mut dims = dims.to_vec();
        let values: Vec<Scalar> = (0..shape[0] as i64).map(Scalar::i64).collect();
        dims[0].coord = Some(Arc::new(Coord { values: Array::from_scalars(DType::I64, &values), units: None }));
        let ty = ArrayTy { dtype: DType::F32, dims };
        let spec = VarSpec {
            chunks: Some(chunks.to_vec()),
            compress: Some(compress),
            unlimited: unlimited.iter().map(|name| (*name).into()).collect(),
            ..VarSpec::new("v", ty.clone())
        };
        let sink = create(&path, &[spec][..].into()).unwrap();
        let all: Vec<f32> = (0..shape[0] * shape[1]).map(|at| (at as f32 * 1.37).sin()).collect();
        sink.write(0, &[0, 0], &shape, bytemuck::cast_slice(&all)).unwrap();
        sink.finish().unwrap();
        let file = open(&path).unwrap();
        let v = file.variable("v").unwrap();
        let read = file.ty(v).unwrap();
        assert_eq!((read.shape(), read.dims[0].coord.as_ref().unwrap().values.scalars()), (ty.shape(), values));
        let found: Vec<&str> = file.info.dims.iter().filter(|dim| dim.unlimited).map(|dim| dim.name.as_str()).collect();
        assert!(found.len() == unlimited.len() && unlimited.iter().all(|name| found.contains(name)), "{found:?}");
        let chunk = |axis: usize| if unlimited.contains(&["y", "x"][axis]) { chunks[axis] } else { chunks[axis].min(shape[axis]) };
        assert_eq!(file.info.variables[v].chunks, Some(vec![chunk(0), chunk(1)]));
        let mut back = vec![0f32; all.len()];
        file.read(v, &[0, 0], &shape, &[1, 1], bytemuck::cast_slice_mut(&mut back)).unwrap();
        assert_eq!(back, all);
    }
}

#[test]
fn every_dtype_and_layout_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    for dtype in DType::ALL.into_iter().chain([DType::DateTime(Calendar::NoLeap)]) {
        let mut specs = Vec::new();
        let layouts = [
            (vec![], None, 0),
            (vec![5u64], None, 0),
            (vec![7, 5], Some(vec![3, 2]), 0),
            (vec![7, 5], Some(vec![3, 2]), 4),
            (vec![2, 0], None, 4),
        ];
        for (at, (shape, chunks, level)) in layouts.into_iter().enumerate() {
            let ty = ArrayTy::unnamed(dtype, &shape);
            specs.push(VarSpec { chunks, compress: Some(level), ..VarSpec::new(format!("v{at}"), ty) });
        }
        let sink = create(&path, &specs[..].into()).unwrap();
        for (at, spec) in specs.iter().enumerate() {
            let shape = spec.shape().unwrap();
            sink.write(at, &vec![0; shape.len()], &shape, &counting(dtype, spec.ty.count().unwrap())).unwrap();
        }
        sink.finish().unwrap();
        let file = open(&path).unwrap();
        for (at, spec) in specs.iter().enumerate() {
            assert_eq!(file.ty(at).unwrap(), spec.ty, "{at}");
            assert_eq!(read_all(&file, at), counting(dtype, spec.ty.count().unwrap()), "{dtype} {at}");
        }
    }
}

/// A file of two variables over dimensions of all kinds.
fn climate(path: &Path) {
    let days: Vec<i64> = (0..10).map(|day| day * MICROS_PER_DAY).collect();
    let time = coordinate(DType::DateTime(Calendar::Day360), &days, None);
    let lat = coordinate(DType::F32, &[-60, -20, 20, 60], Some("degrees_north"));
    let dims = vec![dim("time", 10, time), dim("lat", 4, lat), dim("bnds", 2, None)];
    let t = VarSpec {
        attrs: vec![
            ("units".into(), "K".into()),
            ("scale_factor".into(), AttrValue::Numbers(vec![Scalar::f64(2.0)])),
            ("flags".into(), AttrValue::Numbers(vec![Scalar::i64(1), Scalar::i64(2)])),
        ],
        chunks: Some(vec![4, 3, 1]),
        compress: Some(1),
        ..VarSpec::new("t", ArrayTy { dtype: DType::F32, dims: dims.clone() })
    };
    let lon = VarSpec::new("lon", ArrayTy { dtype: DType::I16, dims: vec![dim("lon", 6, None)] });
    let sink = create(path, &[t, lon][..].into()).unwrap();
    let all = counting(DType::F32, 80);
    // Two blocks of the grid, the last one first.
    sink.write(0, &[8, 0, 0], &[2, 4, 2], &all[256..]).unwrap();
    sink.write(0, &[0, 0, 0], &[8, 4, 2], &all[..256]).unwrap();
    sink.write(1, &[0], &[6], &counting(DType::I16, 6)).unwrap();
    sink.finish().unwrap();
}

#[test]
fn dimensions_coordinates_and_attributes_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    climate(&path);
    let file = open(&path).unwrap();
    let t = file.variable("t").unwrap();
    let ty = file.ty(t).unwrap();
    assert_eq!(ty.to_string(), "f32[time: 10, lat: 4, bnds: 2]");
    let times = ty.dims[0].coord.as_ref().unwrap();
    assert_eq!(times.values.dtype(), DType::DateTime(Calendar::Day360));
    assert_eq!(times.values.get(&[9]).unwrap().as_int(), Some(9 * i128::from(MICROS_PER_DAY)));
    assert_eq!(ty.dims[1].coord.as_ref().unwrap().units.as_deref(), Some("degrees_north"));
    assert!(ty.dims[2].coord.is_none());
    let var = &file.info.variables[t];
    assert_eq!((var.chunks.as_deref(), var.filters.len()), (Some(&[4, 3, 1][..]), 2));
    assert_eq!(var.attr("units").unwrap().text(), Some("K"));
    assert_eq!(var.attr("flags").unwrap().numbers().len(), 2);
    // Values are stored decoded: an attribute that would scale them again is not written.
    assert!(var.attr("scale_factor").is_none());
    assert_eq!(read_all(&file, t), counting(DType::F32, 80));
    assert!(file.stored_bytes(t).unwrap() > 0);
    let lon = file.variable("lon").unwrap();
    let own = file.ty(lon).unwrap().dims[0].coord.clone().unwrap();
    assert_eq!(own.values.bytes().unwrap(), counting(DType::I16, 6));
    let mut part = [0f32; 4];
    file.read(t, &[3, 1, 1], &[2, 2, 1], &[4, 2, 1], bytemuck::cast_slice_mut(&mut part)).unwrap();
    let all: Vec<f32> = elements(&counting(DType::F32, 80));
    assert_eq!(part, [all[27], all[31], all[59], all[63]]);
}

#[test]
fn what_is_never_written_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    let spec = |name, dtype| VarSpec { chunks: Some(vec![2]), ..VarSpec::new(name, ArrayTy::unnamed(dtype, &[6])) };
    let none = VarSpec::new("none", ArrayTy { dtype: DType::F32, dims: vec![dim("nothing", 0, coordinate(DType::I64, &[], None))] });
    let sink = create(&path, &[spec("x", DType::F64), spec("t", DType::DateTime(Calendar::Standard)), none][..].into()).unwrap();
    sink.write(0, &[2], &[2], bytemuck::cast_slice(&[1.0, 2.0])).unwrap();
    sink.write(1, &[0], &[6], bytemuck::cast_slice(&[0, NAT, 1, 2, 3, 4])).unwrap();
    sink.finish().unwrap();
    let file = open(&path).unwrap();
    let x: Vec<f64> = elements(&read_all(&file, file.variable("x").unwrap()));
    assert_eq!(x.iter().map(|x| x.is_nan()).collect::<Vec<_>>(), [true, true, false, false, true, true]);
    let t = file.variable("t").unwrap();
    assert_eq!(read_all(&file, t), bytemuck::cast_slice::<i64, u8>(&[0, NAT, 1, 2, 3, 4]));
    assert_eq!(file.ty(file.variable("none").unwrap()).unwrap().to_string(), "f32[nothing: 0]");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    let one = |name: &str, dims: Vec<Dim>| VarSpec::new(name, ArrayTy { dtype: DType::F64, dims });
    let (a, b) = (coordinate(DType::I64, &[1, 2], None), coordinate(DType::I64, &[1, 3], None));
    for (specs, code) in [
        (vec![one("u", vec![dim("x", 2, None)]), one("v", vec![dim("x", 3, None)])], Code::Format),
        (vec![one("u", vec![dim("x", 2, a)]), one("v", vec![dim("x", 2, b)])], Code::Coordinates),
        (vec![one("u", vec![]), one("u", vec![])], Code::Format),
        (vec![one("x", vec![dim("x", 2, None), dim("y", 2, None)])], Code::Format),
        (vec![one("a/b", vec![])], Code::Format),
    ] {
        assert!(create(&path, &specs[..].into()).is_err_and(|error| error.code == code));
    }
    let spec = VarSpec { chunks: Some(vec![2]), ..one("u", vec![dim("x", 5, None)]) };
    assert_eq!(grain(&path, &spec).unwrap().chunks, [2]);
    let sink = create(&path, &[spec][..].into()).unwrap();
    for (start, count) in [(1, 2), (0, 3), (4, 2)] {
        assert!(sink.write(0, &[start], &[count], &vec![0; count as usize * 8]).is_err());
    }
    drop(sink);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(create(Path::new("a.xyz"), &FileSpec::default()).is_err_and(|error| error.help.unwrap().contains(".nc")));
}

#[test]
fn virtual_data_sets_are_for_the_reference_library() {
    // Made with h5py: `v` is rows `a` and `b` of the same file, one of them deflated.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/io/hdf5/virtual.h5");
    let file = open(&path).unwrap();
    let v = file.variable("v").unwrap();
    if cfg!(feature = "libhdf5") {
        assert_eq!(file.info.variables[v].shape(), [2, 6]);
        let mut out = [0i32; 4];
        file.read(v, &[0, 1], &[2, 2], &[1, 3], bytemuck::cast_slice_mut(&mut out)).unwrap();
        assert_eq!(out, [1, 4, 7, 10]);
        assert_eq!(read_all(&file, v), bytemuck::cast_slice::<i32, u8>(&std::array::from_fn::<i32, 12, _>(|at| at as i32)));
    } else {
        assert!(file.info.variables[v].skipped.as_ref().unwrap().contains("is virtual"));
    }
    let a = file.variable("a").unwrap();
    assert_eq!(read_all(&file, a), bytemuck::cast_slice::<i32, u8>(&[0, 1, 2, 3, 4, 5]));
}

#[test]
fn many_threads_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let spec = VarSpec { chunks: Some(vec![1, 50]), compress: Some(1), ..VarSpec::new("x", ArrayTy::unnamed(DType::F64, &[64, 50])) };
    let sink = create(&path, &std::slice::from_ref(&spec).into()).unwrap();
    let all = counting(DType::F64, 3200);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (sink, all) = (&sink, &all);
            scope.spawn(move || {
                for row in (thread..64).step_by(4) {
                    sink.write(0, &[row as u64, 0], &[1, 50], &all[row * 400..][..400]).unwrap();
                }
            });
        }
    });
    sink.finish().unwrap();
    let file = open(&path).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(read_all(&file, 0), all));
        }
    });
}

/// Opens, and reads what can be read; `false` if anything failed.
fn exhaust(bytes: &[u8], path: &Path) -> bool {
    // A file written anew is not forced to disk, as one cut to zero would be.
    std::fs::remove_file(path).ok();
    std::fs::write(path, bytes).unwrap();
    let Ok(file) = open(path) else { return false };
    let mut whole = true;
    for (at, var) in file.info.variables.iter().enumerate() {
        let rank = var.dims.len();
        let Some(len) = (var.count() < 1 << 20).then(|| var.count() as usize * var.dtype.size()) else { continue };
        whole &= file.ty(at).is_ok() && file.read(at, &vec![0; rank], &var.shape(), &vec![1; rank], &mut vec![0; len]).is_ok();
    }
    whole
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    climate(&path);
    let whole = std::fs::read(&path).unwrap();
    assert!(exhaust(&whole, &path));
    let step = if whole.len() > 4000 { 7 } else { 1 };
    for len in (0..whole.len()).rev().step_by(step) {
        assert!(!exhaust(&whole[..len], &path), "{len} of {} bytes", whole.len());
    }
}

#[test]
fn damage_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.nc");
    climate(&path);
    let whole = std::fs::read(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..bytes.len());
            bytes[at] = if random.bool() { random.u8(..) } else { bytes[at] ^ 1 << random.u8(0..8) };
        }
        exhaust(&bytes, &path);
    }
}
