//! Files that go together, and files that do not.

use crate::array::calendar::MICROS_PER_DAY;
use crate::array::{Array, ArrayTy, Calendar, Coord, DType, Dim, Scalar, Size};
use crate::base::{Code, Diagnostic};
use crate::io::{OpenFile, VarSpec, create, open};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn dim(name: &str, dtype: DType, values: &[i64]) -> Dim {
    let scalars: Vec<Scalar> = values.iter().map(|value| Scalar::i64(*value).cast(dtype)).collect();
    let coord = Some(Arc::new(Coord { values: Array::from_scalars(dtype, &scalars), units: None }));
    Dim { name: Some(name.into()), size: Size::Known(values.len() as u64), coord }
}

/// A file of `t(lat, time)`, which holds 100 times the day and the row, and a variable `c`.
fn save(path: &Path, days: &[i64], lat: &[i64], c: f64) {
    let times: Vec<i64> = days.iter().map(|day| day * MICROS_PER_DAY).collect();
    let dims = vec![dim("lat", DType::F32, lat), dim("time", DType::DateTime(Calendar::Standard), &times)];
    let specs = [VarSpec::new("t", ArrayTy { dtype: DType::F64, dims }), VarSpec::new("c", ArrayTy::unnamed(DType::F64, &[]))];
    let sink = create(path, &specs[..].into()).unwrap();
    let values: Vec<f64> = (0..lat.len()).flat_map(|row| days.iter().map(move |day| (100 * day) as f64 + row as f64)).collect();
    sink.write(0, &[0, 0], &[lat.len() as u64, days.len() as u64], bytemuck::cast_slice(&values)).unwrap();
    sink.write(1, &[], &[], &c.to_ne_bytes()).unwrap();
    sink.finish().unwrap();
}

fn folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.nc"), folder.path().join("b.nc"));
    (folder, a, b)
}

fn all(folder: &tempfile::TempDir) -> Result<Arc<OpenFile>, Box<Diagnostic>> {
    open(&folder.path().join("*.nc"))
}

fn read(file: &OpenFile, name: &str, start: &[u64], count: &[u64], step: &[u64]) -> Vec<f64> {
    let mut out = vec![0.0; count.iter().product::<u64>() as usize];
    file.read(file.variable(name).unwrap(), start, count, step, bytemuck::cast_slice_mut(&mut out)).unwrap();
    out
}

#[test]
fn files_are_joined_in_the_order_of_their_coordinate() {
    let (folder, a, b) = folder();
    // By name the later days come first.
    save(&a, &[5, 6, 9], &[-10, 10], 1.0);
    save(&b, &[0, 1], &[-10, 10], 1.0);
    let file = all(&folder).unwrap();
    let t = file.variable("t").unwrap();
    let ty = file.ty(t).unwrap();
    assert_eq!(ty.to_string(), "f64[lat: 2, time: 5]");
    let days = ty.dims[1].coord.as_ref().unwrap().values.scalars();
    assert_eq!(days.iter().map(|day| day.as_int().unwrap() / i128::from(MICROS_PER_DAY)).collect::<Vec<_>>(), [0, 1, 5, 6, 9]);
    assert_eq!(read(&file, "t", &[0, 0], &[2, 5], &[1, 1]), [0.0, 100.0, 500.0, 600.0, 900.0, 1.0, 101.0, 501.0, 601.0, 901.0]);
    assert_eq!(read(&file, "t", &[1, 1], &[1, 2], &[1, 3]), [101.0, 901.0]);
    assert_eq!(read(&file, "t", &[0, 0], &[2, 2], &[1, 2]), [0.0, 500.0, 1.0, 501.0]);
    assert_eq!(read(&file, "c", &[], &[], &[]), [1.0]);
    // The coordinate as a variable is in units of each file.
    let time = file.variable("time").unwrap();
    let values = file.values(time, file.ty(time).unwrap()).unwrap();
    assert_eq!(values.get(&[4]).unwrap().as_int(), Some(9 * i128::from(MICROS_PER_DAY)));
    assert!(file.stored_bytes(t).unwrap() >= 80);
    // One file that matches is that file.
    assert_eq!(open(&folder.path().join("b*")).unwrap().ty(t).unwrap().to_string(), "f64[lat: 2, time: 2]");
}

#[test]
fn files_without_a_coordinate_are_joined_by_name() {
    let (folder, a, b) = folder();
    let save = |path: &Path, values: &[f64]| {
        let dims = vec![Dim { name: Some("n".into()), size: Size::Known(values.len() as u64), coord: None }];
        let sink = create(path, &[VarSpec::new("x", ArrayTy { dtype: DType::F64, dims })][..].into()).unwrap();
        sink.write(0, &[0], &[values.len() as u64], bytemuck::cast_slice(values)).unwrap();
        sink.finish().unwrap();
    };
    save(&b, &[4.0, 5.0]);
    save(&a, &[1.0, 2.0, 3.0]);
    assert_eq!(read(&all(&folder).unwrap(), "x", &[1], &[4], &[1]), [2.0, 3.0, 4.0, 5.0]);
    save(&b, &[4.0, 5.0, 6.0]);
    assert!(all(&folder).is_err_and(|error| error.message.contains("same coordinates")));
}

#[test]
fn files_that_do_not_go_together_are_named() {
    let (folder, a, b) = folder();
    let name = |path: &Path| path.canonicalize().unwrap().display().to_string();
    save(&a, &[0, 1], &[-10, 10], 1.0);
    type Case<'a> = (&'a dyn Fn(), Code, &'a str);
    let scalar = |dtype| {
        let sink =
            create(&b, &[VarSpec::new("t", ArrayTy::unnamed(dtype, &[])), VarSpec::new("c", ArrayTy::unnamed(DType::F64, &[]))][..].into());
        sink.unwrap().finish().unwrap();
    };
    let cases: [Case; 6] = [
        (&|| save(&b, &[1, 2], &[-10, 10], 1.0), Code::Coordinates, "overlap along `time`"),
        (&|| save(&b, &[0, 1], &[-10, 10], 1.0), Code::Coordinates, "same coordinates"),
        (&|| save(&b, &[2], &[-10, 20], 1.0), Code::Coordinates, "differ in dimensions `lat` and `time`"),
        (
            &|| create(&b, &[VarSpec::new("c", ArrayTy::unnamed(DType::F64, &[]))][..].into()).unwrap().finish().unwrap(),
            Code::Coordinates,
            "has a variable",
        ),
        (&|| scalar(DType::F64), Code::Coordinates, "has a variable `"),
        (&|| std::fs::write(&b, "nothing").unwrap(), Code::Format, "no format"),
    ];
    for (make, code, words) in cases {
        make();
        let error = all(&folder).err().unwrap();
        assert!(error.code == code && error.message.contains(words), "{error:?}");
        assert!(error.message.contains(&name(&b)) || error.message.contains(b.to_str().unwrap()), "{error:?}");
    }
    let nothing = open(&folder.path().join("*.zarr")).err().unwrap();
    assert!(nothing.code == Code::File && nothing.message.contains("no file matches"));
    assert!(open(Path::new("[")).is_err());
}

#[test]
fn what_differs_without_the_joined_dimension_is_no_variable() {
    let (folder, a, b) = folder();
    save(&a, &[0], &[-10, 10], 1.0);
    save(&b, &[1], &[-10, 10], 2.0);
    let file = all(&folder).unwrap();
    let c = &file.info.variables[file.variable("c").unwrap()];
    assert!(c.skipped.as_ref().unwrap().contains("differs between"));
    assert_eq!(read(&file, "t", &[0, 0], &[2, 2], &[1, 1]), [0.0, 100.0, 1.0, 101.0]);
}

#[test]
fn files_that_change_are_noticed() {
    let (folder, a, b) = folder();
    save(&a, &[0], &[-10, 10], 1.0);
    save(&b, &[1], &[-10, 10], 1.0);
    let file = all(&folder).unwrap();
    assert!(file.is_current() && file.reads(crate::io::file::stamp_of(&b).unwrap()));
    save(&b, &[1], &[-10, 10], 1.0);
    assert!(!file.is_current());
    let error = file.read(file.variable("t").unwrap(), &[0, 0], &[2, 2], &[1, 1], &mut [0; 32]).unwrap_err();
    assert!(error.message.contains("changed") && error.message.contains("b.nc"), "{error:?}");
    let file = all(&folder).unwrap();
    save(&folder.path().join("c.nc"), &[2], &[-10, 10], 1.0);
    assert!(!file.is_current());
}
