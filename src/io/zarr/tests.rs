//! Stores written here and read back, stores as other writers make them, damage of every kind.

use crate::array::calendar::{MICROS_PER_DAY, NAT};
use crate::array::{Array, ArrayTy, Calendar, Coord, DType, Dim, Scalar, Size};
use crate::base::Code;
use crate::io::codecs::crc32c;
use crate::io::{AttrValue, Grown, OpenFile, VarSpec, create, open};
use std::path::Path;
use std::sync::Arc;

fn dim(name: &str, size: u64, coord: Option<(DType, &[i64])>) -> Dim {
    let scalars = |dtype: DType, values: &[i64]| values.iter().map(|value| Scalar::i64(*value).cast(dtype)).collect::<Vec<_>>();
    let coord = coord.map(|(dtype, values)| Arc::new(Coord { values: Array::from_scalars(dtype, &scalars(dtype, values)), units: None }));
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

fn read_all(file: &OpenFile, at: usize) -> Vec<u8> {
    let var = &file.info.variables[at];
    let rank = var.dims.len();
    let mut out = vec![0; var.count() as usize * var.dtype.size()];
    file.read(at, &vec![0; rank], &var.shape(), &vec![1; rank], &mut out).unwrap();
    file.decode(at).bytes(&out)
}

#[test]
fn every_dtype_and_layout_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.zarr", "a.v2.zarr"].map(|name| folder.path().join(name));
    let dtypes = DType::ALL.into_iter().chain([DType::DateTime(Calendar::NoLeap)]);
    for (dtype, path) in dtypes.flat_map(|dtype| paths.each_ref().map(|path| (dtype, path))) {
        let layouts = [
            (vec![], None, None),
            (vec![5u64], None, Some(0)),
            (vec![7, 5], Some(vec![3, 2]), Some(0)),
            (vec![7, 5], Some(vec![3, 2]), Some(4)),
            (vec![2, 0], None, None),
        ];
        let spec = |(at, (shape, chunks, compress)): (usize, (Vec<u64>, _, _))| {
            let ty = ArrayTy::unnamed(dtype, &shape);
            VarSpec { chunks, compress, ..VarSpec::new(format!("v{at}"), ty) }
        };
        let specs: Vec<VarSpec> = layouts.into_iter().enumerate().map(spec).collect();
        let sink = create(path, &specs[..].into()).unwrap();
        for (at, spec) in specs.iter().enumerate() {
            let shape = spec.shape().unwrap();
            sink.write(at, &vec![0; shape.len()], &shape, &counting(dtype, spec.ty.count().unwrap())).unwrap();
        }
        sink.finish().unwrap();
        let file = open(path).unwrap();
        for (at, spec) in specs.iter().enumerate() {
            assert_eq!(file.ty(at).unwrap(), spec.ty, "{at}");
            assert_eq!(read_all(&file, at), counting(dtype, spec.ty.count().unwrap()), "{dtype} {at}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(paths[0].join("zarr.json").exists() && paths[1].join(".zgroup").exists());
}

/// A store of a variable over dimensions of all kinds.
fn climate(path: &Path) {
    let days: Vec<i64> = (0..10).map(|day| day * MICROS_PER_DAY).collect();
    let time = dim("time", 10, Some((DType::DateTime(Calendar::Standard), &days)));
    let dims = vec![time, dim("lat", 4, Some((DType::F32, &[-60, -20, 20, 60]))), dim("bnds", 2, None)];
    let t = VarSpec {
        attrs: vec![
            ("units".into(), "K".into()),
            ("scale_factor".into(), AttrValue::Numbers(vec![Scalar::f64(2.0)])),
            ("flags".into(), AttrValue::Numbers(vec![Scalar::i64(1), Scalar::i64(2)])),
        ],
        chunks: Some(vec![4, 3, 1]),
        ..VarSpec::new("t", ArrayTy { dtype: DType::F32, dims })
    };
    let sink = create(path, &[t][..].into()).unwrap();
    let all = counting(DType::F32, 80);
    sink.write(0, &[8, 0, 0], &[2, 4, 2], &all[256..]).unwrap();
    sink.write(0, &[0, 0, 0], &[8, 4, 2], &all[..256]).unwrap();
    assert!(sink.write(0, &[1, 0, 0], &[8, 4, 2], &all[..256]).is_err());
    sink.finish().unwrap();
}

#[test]
fn dimensions_coordinates_and_attributes_come_back() {
    let folder = tempfile::tempdir().unwrap();
    for (name, consolidated) in [("a.zarr", true), ("a.zarr", false), ("a.v2.zarr", true), ("a.v2.zarr", false)] {
        let path = folder.path().join(name);
        climate(&path);
        if !consolidated && name == "a.zarr" {
            std::fs::write(path.join("zarr.json"), r#"{"zarr_format": 3, "node_type": "group"}"#).unwrap();
        }
        if !consolidated && name != "a.zarr" {
            std::fs::remove_file(path.join(".zmetadata")).unwrap();
        }
        let file = open(&path).unwrap();
        let t = file.variable("t").unwrap();
        let ty = file.ty(t).unwrap();
        assert_eq!(ty.to_string(), "f32[time: 10, lat: 4, bnds: 2]");
        let times = ty.dims[0].coord.as_ref().unwrap();
        assert_eq!(times.values.get(&[9]).unwrap().as_int(), Some(9 * i128::from(MICROS_PER_DAY)));
        assert!(ty.dims[1].coord.is_some() && ty.dims[2].coord.is_none());
        let var = &file.info.variables[t];
        assert_eq!(var.chunks.as_deref(), Some(&[4, 3, 1][..]));
        assert_eq!(var.attr("units").unwrap().text(), Some("K"));
        assert_eq!(var.attr("flags").unwrap().numbers().len(), 2);
        assert!(var.attr("scale_factor").is_none());
        assert_eq!(read_all(&file, t), counting(DType::F32, 80));
        let mut part = [0f32; 4];
        file.read(t, &[3, 1, 1], &[2, 2, 1], &[4, 2, 1], bytemuck::cast_slice_mut(&mut part)).unwrap();
        let all: Vec<f32> = counting(DType::F32, 80).chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
        assert_eq!(part, [all[27], all[31], all[59], all[63]]);
        assert!(file.stored_bytes(t).unwrap() > 0);
    }
}

/// A store of 5 × 3 integers in chunks of 2 × 2, with a coordinate in days.
fn counted(path: &Path, days: u64, change: &dyn Fn(&mut VarSpec)) -> VarSpec {
    let coord: Vec<i64> = (0..days as i64).map(|day| day * MICROS_PER_DAY).collect();
    let time = dim("time", days, Some((DType::DateTime(Calendar::Standard), &coord)));
    let ty = ArrayTy { dtype: DType::I32, dims: vec![time, dim("lat", 3, None)] };
    let mut spec = VarSpec { chunks: Some(vec![2, 2]), ..VarSpec::new("x", ty) };
    change(&mut spec);
    if !path.exists() {
        let sink = create(path, &[spec.clone()][..].into()).unwrap();
        sink.write(0, &[0, 0], &[days, 3], &counting(DType::I32, 3 * days)).unwrap();
        sink.finish().unwrap();
    }
    spec
}

#[test]
fn a_store_is_longer_when_all_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let level = |spec: &mut VarSpec| spec.compress = Some(3);
    let plain = |spec: &mut VarSpec| spec.compress = Some(0);
    let sharded = |spec: &mut VarSpec| spec.shards = Some(vec![4, 4]);
    let ways: [(&str, &dyn Fn(&mut VarSpec)); 5] =
        [("a.zarr", &level), ("a.v2.zarr", &level), ("b.zarr", &plain), ("b.v2.zarr", &plain), ("c.zarr", &sharded)];
    for (name, change) in ways {
        let path = folder.path().join(name);
        counted(&path, 5, change);
        let before = |file: &OpenFile| {
            let x = file.variable("x").unwrap();
            assert_eq!((file.info.variables[x].shape(), read_all(file, x)), (vec![5, 3], counting(DType::I32, 15)), "{name}");
            assert_eq!(file.ty(x).unwrap().dims[0].coord.as_ref().unwrap().values.count(), 5);
        };
        let grown = Some(Grown { axis: 0, from: 5 });
        let spec = VarSpec { grown, ..counted(&path, 9, change) };
        let file = open(&path).unwrap();
        let all = counting(DType::I32, 27);
        for finished in [false, true] {
            let sink = create(&path, &[spec.clone()][..].into()).unwrap();
            sink.write(0, &[4, 0], &[5, 3], &all[4 * 12..]).unwrap();
            before(&open(&path).unwrap());
            if finished {
                sink.finish().unwrap();
                break;
            }
            // Stopped when the array's own metadata were in place already, the consolidated ones not yet.
            let own = path.join("x").join(if name.contains("v2") { ".zarray" } else { "zarr.json" });
            let text = std::fs::read_to_string(&own).unwrap();
            assert_eq!(text.matches("    5,").count(), 1);
            std::fs::write(&own, text.replace("    5,", "    9,")).unwrap();
            before(&open(&path).unwrap());
        }
        // Who had it open reads on what was there.
        before(&file);
        assert!(!file.is_current());
        let file = open(&path).unwrap();
        let x = file.variable("x").unwrap();
        assert_eq!(read_all(&file, x), all, "{name}");
        let times = file.ty(x).unwrap().dims[0].coord.clone().unwrap();
        assert_eq!(times.values.get(&[8]).unwrap().as_int(), Some(8 * i128::from(MICROS_PER_DAY)));
        assert_eq!(file.shards(x), (name == "c.zarr").then(|| vec![4, 4]));
        // It is as long as that no more.
        assert_eq!(create(&path, &[spec][..].into()).err().unwrap().code, Code::File);
    }
}

#[test]
fn what_a_store_cannot_hold_is_not_appended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    counted(&path, 5, &|_| {});
    let grown = Some(Grown { axis: 0, from: 5 });
    let mut spec = VarSpec { grown, ..counted(&path, 6, &|_| {}) };
    let times: Vec<i64> = (0..6).map(|day| day * MICROS_PER_DAY + if day == 5 { 1 } else { 0 }).collect();
    spec.ty.dims[0] = dim("time", 6, Some((DType::DateTime(Calendar::Standard), &times)));
    let error = create(&path, &[spec][..].into()).err().unwrap();
    assert!(error.code == Code::Format && error.message.contains("`days since 1970-01-01`"), "{error:?}");
    let spec = VarSpec { grown, ..counted(&path, 6, &|_| {}) };
    let metadata = path.join("zarr.json");
    let text = std::fs::read_to_string(&metadata).unwrap();
    for (from, to, words) in [
        ("\"blosc\"", "\"bz2\"", "reads but does not write"),
        ("\"little\"", "\"big\"", "other byte order"),
        ("\"attributes\": {}", "\"attributes\": {\"scale_factor\": 2.0}", "packed"),
    ] {
        assert!(text.contains(from));
        std::fs::write(&metadata, text.replace(from, to)).unwrap();
        let error = create(&path, &[spec.clone()][..].into()).err().unwrap();
        assert!(error.code == Code::Format && error.message.contains(words), "{error:?}");
    }
}

#[test]
fn what_is_never_written_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    let spec = |name, dtype| VarSpec { chunks: Some(vec![2]), ..VarSpec::new(name, ArrayTy::unnamed(dtype, &[6])) };
    let sink = create(&path, &[spec("x", DType::F64), spec("t", DType::DateTime(Calendar::Standard))][..].into()).unwrap();
    sink.write(0, &[2], &[2], bytemuck::cast_slice(&[1.0, 2.0])).unwrap();
    sink.finish().unwrap();
    let file = open(&path).unwrap();
    let x: Vec<f64> = read_all(&file, file.variable("x").unwrap()).chunks_exact(8).map(bytemuck::pod_read_unaligned).collect();
    assert_eq!(x.iter().map(|x| x.is_nan()).collect::<Vec<_>>(), [true, true, false, false, true, true]);
    assert_eq!(read_all(&file, file.variable("t").unwrap()), bytemuck::cast_slice::<i64, u8>(&[NAT; 6]));
}

#[test]
fn a_store_that_is_replaced_while_it_is_read_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    climate(&path);
    let file = open(&path).unwrap();
    climate(&path);
    let error = file.read(file.variable("t").unwrap(), &[0, 0, 0], &[1, 1, 1], &[1, 1, 1], &mut [0; 4]).unwrap_err();
    assert!(error.code == Code::File && error.message.contains("replaced"), "{error:?}");
}

/// A store of one array of version 3: i16, shape [4, 6].
fn sharded(path: &Path, codecs: &str, chunk: &str) {
    let json = format!(
        r#"{{"zarr_format": 3, "node_type": "array", "shape": [4, 6], "data_type": "int16", "fill_value": -7,
            "chunk_grid": {{"name": "regular", "configuration": {{"chunk_shape": {chunk}}}}},
            "chunk_key_encoding": {{"name": "default"}}, "codecs": {codecs}, "dimension_names": ["y", null]}}"#
    );
    std::fs::create_dir_all(path.join("c/0")).unwrap();
    std::fs::write(path.join("zarr.json"), json).unwrap();
}

const SHARDS: &str = r#"[{"name": "sharding_indexed", "configuration": {"chunk_shape": [2, 3],
    "codecs": [{"name": "transpose", "configuration": {"order": [1, 0]}}, {"name": "bytes", "configuration": {"endian": "big"}}],
    "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, "crc32c"], "index_location": "start"}}]"#;

/// The shard of the upper half: its second chunk alone is there.
fn shard() -> Vec<u8> {
    let mut bytes: Vec<u8> = [u64::MAX, u64::MAX, 36, 12].iter().flat_map(|number| number.to_le_bytes()).collect();
    bytes.extend(crc32c(&bytes).to_le_bytes());
    // Column by column.
    bytes.extend([1i16, 4, 2, 5, 3, 6].iter().flat_map(|value| value.to_be_bytes()));
    bytes
}

#[test]
fn shards_are_read_chunk_by_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    sharded(&path, SHARDS, "[2, 6]");
    std::fs::write(path.join("c/0/0"), shard()).unwrap();
    let file = open(&path).unwrap();
    assert!(file.info.single);
    assert_eq!(file.ty(0).unwrap().to_string(), "i16[y: 4, 6]");
    assert_eq!(file.info.variables[0].chunks.as_deref(), Some(&[2, 3][..]));
    let values: Vec<i16> = read_all(&file, 0).chunks_exact(2).map(bytemuck::pod_read_unaligned).collect();
    assert_eq!(values[..12], [-7, -7, -7, 1, 2, 3, -7, -7, -7, 4, 5, 6]);
    assert_eq!(values[12..], [-7; 12]);
    let mut part = [0i16; 2];
    file.read(0, &[1, 2], &[1, 2], &[1, 2], bytemuck::cast_slice_mut(&mut part)).unwrap();
    assert_eq!(part, [-7, 5]);
    // Cut anywhere it is an error, never other values.
    for len in 0..shard().len() {
        std::fs::write(path.join("c/0/0"), &shard()[..len]).unwrap();
        let error = file.read(0, &[0, 0], &[4, 6], &[1, 1], &mut [0; 48]).unwrap_err();
        assert!(error.message.contains("c/0/0"), "{error:?}");
    }
}

#[test]
fn what_cannot_be_read_is_listed_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    let bytes = r#"{"name": "bytes"}"#;
    for (codecs, chunk, words) in [
        (r#"[{"name": "bytes"}, {"name": "zfpy"}]"#, "[2, 3]", "codec `zfpy`"),
        (r#"["vlen-utf8"]"#, "[2, 3]", "codec `vlen-utf8`"),
        (r#"[{"name": "bytes"}, "zstd", "gzip"]"#, "[2, 3]", "compressed twice"),
        (r#"[]"#, "[2, 3]", "no codec that makes bytes"),
        (bytes, "[2, 3]", "names no codecs"),
        (r#"["bytes"]"#, "[0, 3]", "impossible shape"),
        (r#"["bytes"]"#, "[2]", "impossible shape"),
        (r#"["bytes"]"#, "[4611686018427387904, 4611686018427387904]", "impossible shape"),
        (r#"[{"name": "transpose", "configuration": {"order": [0, 0]}}, "bytes"]"#, "[2, 3]", "transposition"),
        (SHARDS, "[3, 6]", "no whole number of chunks"),
        (&SHARDS.replace("\"crc32c\"", "\"zstd\""), "[2, 6]", "shard index with codec `zstd`"),
    ] {
        sharded(&path, codecs, chunk);
        let file = open(&path).unwrap();
        let reason = file.info.variables[0].skipped.clone().unwrap_or_default();
        assert!(reason.contains(words), "{codecs}: {reason}");
        assert!(file.ty(0).is_err_and(|error| error.code == Code::Format));
    }
    // A shape that no memory holds is no harm until somebody asks for it all.
    sharded(&path, r#"["bytes"]"#, "[1, 1]");
    let json = std::fs::read_to_string(path.join("zarr.json")).unwrap();
    std::fs::write(path.join("zarr.json"), json.replace("[4, 6]", "[4000000000, 900000000]")).unwrap();
    let mut out = [0; 2];
    open(&path).unwrap().read(0, &[3_999_999_999, 0], &[1, 1], &[1, 1], &mut out).unwrap();
    assert_eq!(out, (-7i16).to_ne_bytes());
    for text in ["", "{", "[]", "{\"node_type\": \"x\"}", "\u{0}"] {
        std::fs::write(path.join("zarr.json"), text).unwrap();
        assert!(open(&path).is_err_and(|error| error.code == Code::Format && error.message.contains("a.zarr")), "{text}");
    }
}

#[test]
fn version_2_means_missing_by_its_fill_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    std::fs::create_dir_all(path.join("g/x")).unwrap();
    std::fs::write(path.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    std::fs::write(path.join("g/.zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    let array = r#"{"zarr_format": 2, "shape": [5], "chunks": [2], "dtype": ">i2", "order": "F", "fill_value": 3,
        "filters": null, "compressor": null, "dimension_separator": "."}"#;
    std::fs::write(path.join("g/x/.zarray"), array).unwrap();
    std::fs::write(path.join("g/x/.zattrs"), r#"{"_ARRAY_DIMENSIONS": ["n"], "scale_factor": 0.5, "missing": NaN}"#).unwrap();
    std::fs::write(path.join("g/x/0"), [0, 1, 0, 3]).unwrap();
    std::fs::write(path.join("g/x/2"), [0, 4, 0, 0]).unwrap();
    let file = open(&path).unwrap();
    assert_eq!(file.info.groups.len(), 1);
    let x = file.variable("g/x").unwrap();
    assert_eq!(file.ty(x).unwrap().to_string(), "f64[n: 5]");
    let values: Vec<f64> = read_all(&file, x).chunks_exact(8).map(bytemuck::pod_read_unaligned).collect();
    assert_eq!(values.iter().map(|value| value.to_string()).collect::<Vec<_>>(), ["0.5", "NaN", "NaN", "NaN", "2"]);
    std::fs::write(path.join("g/x/.zarray"), "{").unwrap();
    assert!(open(&path).unwrap().info.variables[0].skipped.as_ref().unwrap().contains("is no JSON"));
    std::fs::write(path.join("g/x/.zarray"), array.replace(">i2", "<U3")).unwrap();
    assert!(open(&path).unwrap().info.variables[0].skipped.as_ref().unwrap().contains("holds text"));
}

#[test]
fn damage_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zarr");
    climate(&path);
    let metadata = std::fs::read(path.join("zarr.json")).unwrap();
    let chunk = path.join("t/c/0/0/0");
    let data = std::fs::read(&chunk).unwrap();
    let exhaust = || {
        let Ok(file) = open(&path) else { return false };
        let read = |at: usize| {
            let var = &file.info.variables[at];
            let rank = var.dims.len();
            let Some(len) = (var.count() < 1 << 20).then(|| var.count() as usize * var.dtype.size()) else { return false };
            file.ty(at).is_ok() && file.read(at, &vec![0; rank], &var.shape(), &vec![1; rank], &mut vec![0; len]).is_ok()
        };
        (0..file.info.variables.len()).all(read)
    };
    assert!(exhaust());
    for len in 0..data.len() {
        std::fs::write(&chunk, &data[..len]).unwrap();
        assert!(!exhaust(), "{len} of {} bytes", data.len());
    }
    let mut random = fastrand::Rng::with_seed(11);
    let mut damaged = |whole: &[u8]| {
        let mut bytes = whole.to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(0..bytes.len());
            bytes[at] = if random.bool() { random.u8(..) } else { bytes[at] ^ 1 << random.u8(0..8) };
        }
        bytes
    };
    for turn in 0..1000 {
        std::fs::write(&chunk, damaged(&data)).unwrap();
        std::fs::write(path.join("zarr.json"), if turn % 2 == 0 { damaged(&metadata) } else { metadata.clone() }).unwrap();
        exhaust();
    }
}
