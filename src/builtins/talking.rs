//! What a program does besides computing: it prints, reads and writes files, asks and refuses. The session does these in program order.

use super::parts::{examples, optional, required};
use super::{Builtin, Default, Define, Effect, Example, Family, Param, ParamKind};

const VALUES: &[Param] = &[optional("values", ParamKind::Anything, Default::Absent)];
const VALUE: &[Param] = &[required("value", ParamKind::Anything)];

pub const TABLE: &[Builtin] = &[
    effect(
        "print",
        Family::Talking,
        VALUES,
        Effect::Print,
        "Writes values separated by spaces, and a newline.\n\
         Scalars are in the shortest form that reads back exactly, arrays in brackets, long ones shortened. All that is printed together is computed together.",
        examples!["print(1, 2.5, [true, false])" => "1 2.5 [true, false]"],
    ),
    effect(
        "save",
        Family::Files,
        &[
            required("path", ParamKind::Text),
            required("values", ParamKind::Anything),
            optional("append", ParamKind::Dims, Default::Absent),
            optional("unlimited", ParamKind::Dims, Default::Absent),
        ],
        Effect::Save,
        "Writes named values to a file of the kind its extension names: `save(\"out.nc\", sst = x, mean = m)`.\n\
         A value with attributes is a record: `sst = (data = x, units = \"degC\")`. With `compress` from 0 to 9 in that record its chunks are compressed; `chunks = (30, 100)` is their shape, `shards = (300, 100)` keeps many of them in each file of a Zarr store.\n\
         `unlimited = time` makes dimensions of HDF5 and NetCDF-4 files unlimited.\n\
         Kinds: `.nc` `.nc4` `.h5` `.hdf5`, `.zarr` (version 2: `.v2.zarr`), `.npz`, and `.npy` for one array. The file is the old one or the new one, never a part. Saving over a file that the program still reads is an error (K0604).\n\
         `append = time` makes the variables of a file that is there longer along a dimension: `save(\"out.zarr\", sst = x, append = time)`; without a file it makes one. Dtype (K0302), names (K0404), other sizes (K0401) and coordinates (K0405) must go together, and every variable with that dimension is given (K0204); nothing is written before. Zarr stores become longer in place, metadata last; other files are written anew, block by block.",
        &[],
    ),
    effect(
        "open",
        Family::Files,
        &[required("path", ParamKind::Text), optional("group", ParamKind::Text, Default::Absent)],
        Effect::Open,
        "What a file holds: a dataset, whose variables are fields (`open(\"sst.nc\").sst`), or an array.\n\
         With a second text it is the group or variable of that path. Only metadata and coordinates are read. CF conventions are decoded.\n\
         HDF5, NetCDF, Zarr (a folder), `.npy` and `.npz` are known by their contents. A pattern opens many files as one, joined along the dimension that differs: `open(\"oisst/*.nc\")`.",
        &[],
    ),
    effect(
        "exists",
        Family::Files,
        &[required("path", ParamKind::Text)],
        Effect::Exists,
        "Whether there is a file at a path, a bool; asked when the program gets there.",
        examples!["print(exists(\"no such file.nc\"))" => "false"],
    ),
    effect(
        "explain",
        Family::Talking,
        VALUE,
        Effect::Explain,
        "How a value, or several, would be computed, printed without computing it: bytes to read, scratch on disk, peak memory, stages, blocks.",
        &[],
    ),
    effect(
        "compute",
        Family::Talking,
        VALUE,
        Effect::Compute,
        "The value, computed now and kept in memory; of several, computed together, a tuple.",
        examples!["x = compute(arange(3) * 2)\nprint(x)" => "[0, 2, 4]", "a, b = compute(arange(3), 2)\nprint(a.sum(), b)" => "3 2"],
    ),
    effect(
        "time",
        Family::Talking,
        VALUE,
        Effect::Time,
        "The seconds it takes to compute a value, or several together, afresh, an `f64`; results that are known already are not used.",
        examples!["print(time(arange(1000).sum()) > 0, time(arange(10), arange(5)) > 0)" => "true true"],
    ),
    effect(
        "error",
        Family::Talking,
        &[required("message", ParamKind::Text)],
        Effect::Error,
        "Ends the program with a message (K0505).",
        examples!["x = 3\nif x > 5 { error(\"too large\") }\nprint(x)" => "3"],
    ),
];

const fn effect(
    name: &'static str,
    family: Family,
    params: &'static [Param],
    effect: Effect,
    doc: &'static str,
    examples: &'static [Example],
) -> Builtin {
    Builtin { name, family, params, doc, examples, define: Define::Effect(effect) }
}
