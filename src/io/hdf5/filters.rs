//! HDF5 filters by their numbers: which `codecs` undo them, and which the `hdf5-reader` crate does (szip, nbit, scaleoffset).

use crate::io::codecs::{self, Codec, Decoder, Step, Sum, bitshuffle};
use hdf5_reader::filters::apply_pipeline_with_limit;
use hdf5_reader::messages::filter_pipeline::FilterDescription;

const SHUFFLE: u16 = 2;

/// Filters by number and name.
const NAMES: [(u16, &str); 19] = [
    (1, "deflate"),
    (SHUFFLE, "shuffle"),
    (3, "fletcher32"),
    (4, "szip"),
    (5, "nbit"),
    (6, "scaleoffset"),
    (307, "bzip2"),
    (32000, "lzf"),
    (32001, "blosc"),
    (32004, "lz4"),
    (32008, "bitshuffle"),
    (32013, "zfp"),
    (32015, "zstd"),
    (32017, "sz"),
    (32018, "fcidecomp"),
    (32019, "jpeg"),
    (32022, "bitgroom"),
    (32026, "blosc2"),
    (32028, "sz3"),
];

/// How the chunks of a data set are undone.
pub(super) struct Filters {
    list: Vec<FilterDescription>,
    /// `None` where the crate undoes them.
    steps: Option<Vec<Step>>,
}

impl Filters {
    /// Which filter cannot be undone, and why, if there is one. Elements have `item` bytes.
    pub(super) fn of(list: Vec<FilterDescription>, item: usize) -> Result<Filters, String> {
        let steps: Option<Vec<Step>> = list.iter().map(|filter| step(filter, item)).collect();
        if let Some(steps) = steps {
            let filters = Filters { list, steps: Some(steps) };
            return match codecs::is_decodable(filters.steps.as_deref().unwrap_or_default()) {
                true => Ok(filters),
                false => Err("is compressed twice".to_string()),
            };
        }
        // What the crate knows, it undoes together.
        match list.iter().find(|filter| !matches!(filter.id, 1..=6 | 32004)) {
            None => Ok(Filters { list, steps: None }),
            Some(unknown) => Err(format!("is stored with {}, which Kiln does not read", name(unknown))),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.list.iter().map(|filter| known(filter).map_or_else(|| format!("filter {}", filter.id), str::to_string))
    }

    /// Checks before memory is taken for a chunk of `size` bytes that `encoded` bytes can hold it.
    pub(super) fn plausible(&self, encoded: usize, size: usize) -> Result<(), String> {
        codecs::plausible(self.steps.as_deref().unwrap_or(&[Step::Compress(Codec::Zstd)]), encoded, size)
    }

    /// Undoes the filters of a chunk into exactly `out`. Filters whose bit is in `mask` were left out for this chunk.
    pub(super) fn decode(&self, decoder: &mut Decoder, mask: u32, item: usize, encoded: &[u8], out: &mut [u8]) -> Result<(), String> {
        match &self.steps {
            Some(steps) if mask == 0 => decoder.decode(steps, encoded, out),
            Some(steps) => {
                let applied = |at: &usize| mask.checked_shr(*at as u32).unwrap_or(0) & 1 == 0;
                let steps: Vec<Step> = (0..steps.len()).filter(applied).map(|at| steps[at]).collect();
                decoder.decode(&steps, encoded, out)
            }
            None => {
                let limit = out.len().saturating_add(1);
                let decoded = apply_pipeline_with_limit(encoded, &self.list, mask, item, None, Some(limit));
                decoder.decode(&[], &decoded.map_err(|error| error.to_string())?, out)
            }
        }
    }
}

/// What undoes a filter here.
fn step(filter: &FilterDescription, item: usize) -> Option<Step> {
    let value = |at: usize| filter.client_data.get(at).map(|value| *value as usize);
    Some(match filter.id {
        1 => Step::Compress(Codec::Zlib),
        SHUFFLE => Step::Shuffle(value(0).unwrap_or(item)),
        3 => Step::Checksum(Sum::Fletcher32),
        307 => Step::Compress(Codec::Bzip2),
        32000 => Step::Compress(Codec::Lzf),
        32001 => Step::Compress(Codec::Blosc),
        32004 => Step::Compress(Codec::Lz4Blocks),
        // Its values: two of its version, the size of an element, the elements of a block, the compressor.
        32008 => {
            let codec = match value(4) {
                None | Some(0) => None,
                Some(2) => Some(Codec::Lz4),
                Some(3) => Some(Codec::Zstd),
                Some(_) => return None,
            };
            Step::Bitshuffle(bitshuffle::Shape { item: value(2).unwrap_or(item), block: value(3).unwrap_or(0), codec })
        }
        32015 => Step::Compress(Codec::Zstd),
        _ => return None,
    })
}

fn known(filter: &FilterDescription) -> Option<&'static str> {
    NAMES.iter().find(|(id, _)| *id == filter.id).map(|(_, name)| *name)
}

/// A filter in words: its name, if it has one, and its number.
fn name(filter: &FilterDescription) -> String {
    let named = filter.name.as_deref().filter(|name| !name.is_empty());
    match known(filter).or(named) {
        Some(name) => format!("filter {name} (number {})", filter.id),
        None => format!("filter number {}", filter.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(ids: &[u16]) -> Result<Filters, String> {
        Filters::of(ids.iter().map(|id| FilterDescription { id: *id, name: None, client_data: Vec::new() }).collect(), 4)
    }

    #[test]
    fn filters_that_cannot_be_undone_have_a_name_and_a_number() {
        for (ids, words) in [
            (&[SHUFFLE, 32026][..], "filter blosc2 (number 32026)"),
            (&[32013], "filter zfp (number 32013)"),
            (&[4711], "filter number 4711"),
            (&[6, 32015], "filter zstd (number 32015)"),
            (&[1, 32015], "compressed twice"),
        ] {
            let error = filters(ids).err().unwrap();
            assert!(error.contains(words), "{error}");
        }
        assert!(filters(&[6, 1]).is_ok());
        assert_eq!(filters(&[2, 32001]).unwrap().names().collect::<Vec<_>>(), ["shuffle", "blosc"]);
    }

    #[test]
    fn filters_left_out_for_a_chunk_are_not_undone() {
        let filters = filters(&[SHUFFLE, 1, 3]).unwrap();
        let mut out = [0; 8];
        filters.decode(&mut Decoder::default(), 0b111, 4, &[1, 2, 3, 4, 5, 6, 7, 8], &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 7, 8]);
        filters.decode(&mut Decoder::default(), 0b110, 4, &[1, 5, 2, 6, 3, 7, 4, 8], &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(filters.decode(&mut Decoder::default(), 0, 4, &[1, 5, 2, 6, 3, 7, 4, 8], &mut out).is_err());
    }

    #[test]
    fn what_the_crate_undoes_does_not_panic() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..1000 {
            let bytes: Vec<u8> = (0..random.usize(0..20)).map(|_| random.u8(..)).collect();
            for id in [4, 5, 6] {
                filters(&[id]).unwrap().decode(&mut Decoder::default(), 0, 4, &bytes, &mut [0; 64]).ok();
            }
        }
    }
}
