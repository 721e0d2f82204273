//! Running `take`: the elements at given positions along an axis. Positions are checked here, when they are known.

use super::store::{self, Place};
use super::{Run, region, tasks};
use crate::base::{Code, Diagnostic, Outcome};
use crate::plan::ir::{Stage, Take};

/// Runs a take stage: a task takes some positions.
pub fn run(run: &Run, stage: &Stage, take: &Take, places: &[Option<Place>]) -> Outcome<()> {
    let count = take.shape[take.axis];
    if take.shape.contains(&0) {
        return Ok(());
    }
    let positions = store::dense(run, &take.positions, places, &[0], &[count], stage.span)?;
    let positions: &[i64] = bytemuck::cast_slice(positions.bytes());
    // The base's size along the axis: what its access can reach.
    let size = take.base.shape.get(take.base.access.iter().position(|map| map.axis == Some(take.axis)).unwrap_or(0)).copied().unwrap_or(0);
    let map = take.base.access.iter().find(|map| map.axis == Some(take.axis)).copied();
    let (start, step) = map.map_or((0, 1), |map| (map.start, map.step));
    let take_one = |place: u64| {
        let position = positions[place as usize];
        let touched = start + step * position;
        if position < 0 || touched < 0 || touched as u64 >= size {
            let message = format!("position {position} is outside dimension {} of size {size}", take.axis);
            return Err(Diagnostic::at(Code::Bounds, stage.span, message).help("positions start at 0"));
        }
        let mut lo = vec![0; take.shape.len()];
        let mut hi = take.shape.clone();
        lo[take.axis] = position as u64;
        hi[take.axis] = position as u64 + 1;
        let block = store::block(run, &take.base, places, &lo, &hi, stage.span)?;
        let mut sizes = take.shape.clone();
        sizes[take.axis] = 1;
        let mut at = vec![0; sizes.len()];
        at[take.axis] = place;
        let dtype = take.base.dtype;
        match store::place(take.out, places)? {
            Place::Memory(array) => {
                let mut to = super::host::array_arg(array);
                to.ptr = to.ptr.wrapping_offset((place as i64 * to.strides[take.axis]) as isize);
                to.sizes = sizes.iter().map(|size| *size as i64).collect();
                region::copy(run, dtype, block.arg, to, stage.span)?;
            }
            other => {
                let buffer = run.runtime.take(sizes.iter().product::<u64>() as usize * dtype.size(), stage.span)?;
                region::copy(run, dtype, block.arg, region::dense(dtype, &buffer, &sizes), stage.span)?;
                store::write(run, other, &at, &sizes, buffer.bytes(), stage.span)?;
            }
        }
        Ok(())
    };
    let each = take.positions_of_a_task();
    tasks::run(run.runtime, stage.parallel, count.div_ceil(each), &|task| {
        for place in task * each..((task + 1) * each).min(count) {
            take_one(place)?;
        }
        run.advance();
        Ok(())
    })
}
