//! Where stores live, how many blocks are in flight, and the peak of memory that follows: known before the run, an upper bound of it.

use super::access::{AxisMap, Region};
use super::blocks::grid;
use super::emit::{SEGMENT, arrays_of};
use super::groups::Grouping;
use super::halo;
use super::ir::*;
use super::stages::uses;
use crate::array::DType;
use crate::array::buffer::ALIGN;
use crate::base::{Code, Diagnostic, Limits, Outcome};
use crate::io::region;

/// Parts of partial results that a worker keeps to use again: how many, and their bytes.
pub const SPARE: usize = 8;
pub const SPARE_BYTES: u64 = 4096;

/// Decides what is spilled, admits blocks, and fills in the forecast. K0701 where even that is above the limit.
pub fn place(mut plan: Plan, limits: &Limits) -> Outcome<Plan> {
    copies(&mut plan);
    loop {
        let (at, need) = most(&plan);
        if need <= limits.memory {
            break;
        }
        let spillable = plan.stores.iter_mut().filter(|store| store.kind == StoreKind::Memory && is_live(store, at) && !store.result);
        match spillable.max_by_key(|store| bytes(store)).filter(|store| bytes(store) > ALIGN as u64 * 64) {
            Some(store) => store.kind = StoreKind::Spill,
            None => return Err(refuse(&plan, at, need, limits)),
        }
    }
    let live: Vec<u64> = (0..plan.stages.len()).map(|at| live(&plan, at)).collect();
    let after = live_after(&plan);
    let mut forecast = Forecast { peak: after, pooled: after, ..Forecast::default() };
    let outside: Vec<u64> = plan.stages.iter().map(|stage| outside(&plan, &stage.work)).collect();
    let costs: Vec<(u64, u64, u64, u64)> = plan.stages.iter().map(|stage| needs(&plan, stage)).collect();
    let direct: Vec<bool> = plan.stages.iter().map(|stage| matches!(&stage.work, Work::Swept(swept) if is_direct(&plan, swept))).collect();
    let known = live.into_iter().zip(costs).zip(outside).zip(&direct);
    for (stage, (((live, (block, held, blocks, read)), outside), direct)) in plan.stages.iter_mut().zip(known) {
        let room = limits.memory.saturating_sub(live + held);
        stage.parallel = (room / block.max(1)).clamp(1, limits.threads.max(1) as u64).min(blocks.max(1)) as usize;
        let (more, passes) = match &stage.work {
            Work::Swept(swept) => {
                let (least, most) = swept.held(*direct);
                let spare = room.saturating_sub(block * stage.parallel as u64) / ALIGN as u64 * ALIGN as u64;
                let more = (most - least).min(spare);
                (more, swept.passes(least + more, *direct))
            }
            _ => (0, 1),
        };
        let held = held + more;
        stage.block_bytes = block;
        stage.stage_bytes = held;
        forecast.peak = forecast.peak.max(live + held + block * stage.parallel as u64);
        forecast.pooled = forecast.pooled.max(live + held + (block - outside) * stage.parallel as u64);
        forecast.read += read.saturating_mul(passes);
        forecast.blocks += blocks;
    }
    forecast.spilled = plan.stores.iter().filter(|store| store.kind == StoreKind::Spill).map(bytes).sum();
    plan.forecast = forecast;
    Ok(plan)
}

/// Whether a routine's result is kept in memory: a line is sorted in place there.
fn is_direct(plan: &Plan, swept: &Swept) -> bool {
    plan.stores[swept.result.0 as usize].kind == StoreKind::Memory
}

/// Bytes of a store in memory.
fn bytes(store: &Store) -> u64 {
    rounded(store.ty.bytes().unwrap_or(u64::MAX))
}

pub fn rounded(bytes: u64) -> u64 {
    bytes.max(1).checked_next_multiple_of(ALIGN as u64).unwrap_or(u64::MAX)
}

/// Decides which given arrays are copied before they are read.
fn copies(plan: &mut Plan) {
    let of_result = |view: &'_ View| if let View::Store { leaf, .. } = view { Some(leaf.clone()) } else { None };
    let results = plan.results.iter().flatten().filter_map(of_result);
    let leaves: Vec<Leaf> = plan.stages.iter().flat_map(|stage| stage.work.leaves()).cloned().chain(results).collect();
    for (id, store) in plan.stores.iter_mut().enumerate() {
        let StoreKind::Given(memory) = &store.kind else { continue };
        let shape = store.ty.shape();
        let reshaped = |leaf: &Leaf| leaf.source == Source::Store(StoreId(id as u32)) && Some(&leaf.shape) != shape.as_ref();
        store.copied = !memory.dense && leaves.iter().any(reshaped);
    }
}

/// Whether a store takes memory of the run while it is there.
fn is_buffer(store: &Store) -> bool {
    store.kind == StoreKind::Memory || store.copied
}

fn is_live(store: &Store, at: usize) -> bool {
    is_buffer(store) && (store.result && store.first == usize::MAX || store.first <= at && (at <= store.last || store.result))
}

fn live(plan: &Plan, at: usize) -> u64 {
    plan.stores.iter().filter(|store| is_live(store, at)).map(bytes).fold(0, u64::saturating_add)
}

fn live_after(plan: &Plan) -> u64 {
    plan.stores.iter().filter(|store| is_buffer(store) && store.result).map(bytes).fold(0, u64::saturating_add)
}

/// The stage that needs most with one block in flight, and how much that is.
fn most(plan: &Plan) -> (usize, u64) {
    let need = |at: usize| {
        let (block, held, ..) = needs(plan, &plan.stages[at]);
        live(plan, at).saturating_add(block).saturating_add(held)
    };
    (0..plan.stages.len()).map(|at| (at, need(at))).max_by_key(|(_, need)| *need).unwrap_or((0, 0))
}

fn refuse(plan: &Plan, at: usize, need: u64, limits: &Limits) -> Box<Diagnostic> {
    let stage = &plan.stages[at];
    let (block, ..) = needs(plan, stage);
    let largest = plan.stores.iter().filter(|store| is_live(store, at)).max_by_key(|store| bytes(store));
    let (span, what) = match (largest.filter(|store| bytes(store) >= block), &stage.work) {
        (Some(store), _) => (store.span, format!("{} is {}", store.ty, human(bytes(store)))),
        (None, Work::Fused(Fused { product: Some(product), .. })) => (product.span, format!("a tile of it takes {}", human(block))),
        (None, _) => (stage.span, format!("a block of it takes {}", human(block))),
    };
    let (need, limit) = apart(need, limits.memory);
    let message = format!("this needs {need} of memory, the limit is {limit}");
    let error = Diagnostic::at(Code::Memory, span, message).says(what);
    error.help("reduce or save the array instead of keeping it whole, or raise the limit with --memory")
}

/// Two numbers of bytes as people write them, in full where they would look the same.
fn apart(a: u64, b: u64) -> (String, String) {
    if human(a) == human(b) { (format!("{a} B"), format!("{b} B")) } else { (human(a), human(b)) }
}

/// Bytes as people write them.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.5 { format!("{value:.0} {}", UNITS[unit]) } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// As `cost`, with what is outside of the pool.
fn needs(plan: &Plan, stage: &Stage) -> (u64, u64, u64, u64) {
    let (block, held, blocks, read) = cost(plan, stage);
    (block.saturating_add(outside(plan, &stage.work)), held, blocks, read)
}

/// Bytes that a block in flight takes outside of the pool.
fn outside(plan: &Plan, work: &Work) -> u64 {
    let product = match work {
        Work::MatMul(product) => Some(product),
        Work::Fused(fused) => fused.product.as_deref(),
        _ => None,
    };
    transfer(plan, work).saturating_add(product.map_or(0, packing))
}

/// What the kernels of products take: both panels as they pack them, in so many rows and columns together, and a part of them again.
/// Tiles at the ends whose sides are no whole vectors are packed anew, in other sizes: the system's allocator keeps up to `KEPT` of those
/// packings before it uses them again.
fn packing(product: &MatMul) -> u64 {
    const TOGETHER: u64 = 64;
    const PART: u64 = 1 << 20;
    const KEPT: u64 = 7;
    const VECTOR: u64 = 64;
    let item = product.dtype.size() as u64;
    let packed = |side: u64| rounded(side.next_multiple_of(TOGETHER) * product.depth * item);
    let at_end = |side: u64| if (side * item).is_multiple_of(VECTOR) { 0 } else { packed(side) };
    let [rows, columns] = product.tile;
    packed(rows) + packed(columns) + PART + KEPT * at_end(product.sizes[0] % rows).max(at_end(product.sizes[2] % columns))
}

/// The most that one call takes which brings elements from or to a file: a block makes them one after the other.
fn transfer(plan: &Plan, work: &Work) -> u64 {
    let kind = |id: StoreId| &plan.stores[id.0 as usize].kind;
    let read = |leaf: &Leaf| match &leaf.source {
        Source::File(variable) => variable.scratch,
        Source::Store(id) if *kind(*id) == StoreKind::Spill => region::SCRATCH,
        Source::Store(_) => 0,
    };
    let written = |id: StoreId| if let StoreKind::Sink(sink) = kind(id) { sink.scratch } else { 0 };
    work.leaves().into_iter().map(read).chain(uses(work).1.into_iter().map(written)).max().unwrap_or(0)
}

/// Bytes that the system's allocator has for a workspace of this size, which is taken for core after core outside of the pool: it keeps some
/// of what it is given back.
fn allocated(bytes: u64) -> u64 {
    const KEPT: u64 = 8 << 20;
    rounded(bytes).saturating_add(bytes.min(KEPT))
}

/// Of a stage: bytes a block in flight, bytes held beside, number of blocks, bytes read from files.
fn cost(plan: &Plan, stage: &Stage) -> (u64, u64, u64, u64) {
    match &stage.work {
        Work::Fused(fused) => fused_cost(plan, fused, true),
        Work::MatMul(product) => {
            let (block, held, tiles, read) = product_cost(plan, product);
            let own = if plan.stores[product.out.0 as usize].kind == StoreKind::Memory { 0 } else { tile_bytes(product) };
            (block + own, held, tiles, read)
        }
        Work::Compress(compress) => {
            let (counted, tables, slabs, mask) = fused_cost(plan, &compress.mask, false);
            let (block, more, blocks, values) = fused_cost(plan, &compress.values, false);
            (
                block.max(counted),
                rounded(slabs.saturating_mul(16)) + tables + more,
                slabs.saturating_add(blocks),
                mask.saturating_add(values),
            )
        }
        Work::Swept(swept) => {
            let (block, held, blocks, read) = fused_cost(plan, &swept.stream, false);
            let whole =
                swept.whole.iter().map(|(leaf, sizes)| rounded(sizes.iter().product::<u64>().saturating_mul(leaf.dtype.size() as u64)));
            // Each is read, then copied dense.
            let whole = whole.fold(0u64, |all, more| all.saturating_add(more.saturating_mul(2)));
            let (least, _) = swept.held(is_direct(plan, swept));
            (block.saturating_add(swept.tables()), held.saturating_add(least).saturating_add(whole), blocks, read)
        }
        Work::Batched(batched) => {
            let cores: u64 = batched.block.iter().product();
            let sized = |core: &[u64], dtype: DType| {
                core.iter().fold(cores.saturating_mul(dtype.size() as u64), |all, size| all.saturating_mul(*size))
            };
            let (mut block, mut read) = (0u64, 0u64);
            let blocks: u64 = grid(&batched.batch, &batched.block).into_iter().product();
            // Those that all cores share are held, dense; they may be read first.
            let (own, shared) = batched.operands.split_at(batched.operands.len() - batched.routine.shared());
            let sizes = |core: &Vec<u64>| core.iter().product::<u64>();
            let whole = shared.iter().zip(&batched.cores[own.len()..]);
            let whole = whole.map(|(leaf, core)| rounded(sizes(core).saturating_mul(leaf.dtype.size() as u64)));
            let held = whole.fold(0u64, |all, more| all.saturating_add(more.saturating_mul(2)));
            for (leaf, core) in own.iter().zip(&batched.cores) {
                let bytes = rounded(sized(core, leaf.dtype));
                block = block.saturating_add(if leaf.is_remote(&plan.stores) { bytes.saturating_mul(2) } else { bytes });
                if matches!(leaf.source, Source::File(_)) {
                    read = read.saturating_add(bytes.saturating_mul(blocks));
                }
            }
            for result in &batched.results {
                block = block.saturating_add(rounded(sized(&result.core, result.dtype)));
            }
            let workspace = batched.operands.first().map_or(0, |leaf| batched.routine.workspace(&batched.cores, leaf.dtype));
            (block.saturating_add(allocated(workspace)), held, blocks, read)
        }
        Work::Take(take) => {
            let item = take.base.dtype.size() as u64;
            let row =
                take.shape.iter().enumerate().filter(|(axis, _)| *axis != take.axis).fold(item, |all, (_, size)| all.saturating_mul(*size));
            let positions = take.shape[take.axis];
            let read = if matches!(take.base.source, Source::File(_)) { row.saturating_mul(positions) } else { 0 };
            // Positions as they are read, dense, and as numbers.
            let tasks = positions.div_ceil(take.positions_of_a_task());
            (rounded(row.saturating_mul(2)), 3 * rounded(positions.saturating_mul(8)), tasks, read)
        }
    }
}

/// Of a product: bytes that a tile takes beside itself, bytes held for all, number of tiles, bytes read from files.
fn product_cost(plan: &Plan, product: &MatMul) -> (u64, u64, u64, u64) {
    let tiles = product.grid();
    let (mut block, mut held, mut read) = (0, 0u64, 0u64);
    for (operand, times) in product.operands.iter().zip([tiles[1], tiles[0]]) {
        let (panel, tables, _, once) = fused_cost(plan, &operand.pass, false);
        block += if operand.in_place(&plan.stores) { 0 } else { panel };
        held = held.saturating_add(tables);
        read = read.saturating_add(once.saturating_mul(times));
    }
    (block, held, tiles.iter().product(), read)
}

fn tile_bytes(product: &MatMul) -> u64 {
    rounded(product.tile[0] * product.tile[1] * product.dtype.size() as u64)
}

/// Elements that all blocks together read of an array, each with its halo, where a full block reads `region`.
fn read_in_all(fused: &Fused, leaf: &Leaf, region: &Region) -> u64 {
    let axis = |(axis, map): (usize, &AxisMap)| match map.axis {
        None => region.count[axis],
        Some(along) => {
            let halo = region.count[axis].saturating_sub(fused.block[along]);
            let blocks = fused.domain[along].div_ceil(fused.block[along]);
            (fused.domain[along] + halo * blocks).min(blocks * leaf.shape[axis])
        }
    };
    leaf.access.iter().enumerate().map(axis).fold(1, u64::saturating_mul)
}

/// `kept`: elements go straight into the stores of the outputs, where those are in memory.
fn fused_cost(plan: &Plan, fused: &Fused, kept: bool) -> (u64, u64, u64, u64) {
    let blocks: u64 = grid(&fused.domain, &fused.block).into_iter().product();
    let (reading, mut read) = leaves_cost(plan, fused, fused);
    let (writing, mut held) = outputs_cost(plan, fused, kept);
    let mut block = reading + writing;
    // Of passes before it: what each takes while it runs, and what of earlier ones is still read.
    let last = fused.last_readers();
    let scratch = rounded(fused.scratch());
    let made = |at: usize| scratch * fused.before[at].pass.outputs.len() as u64;
    // A part of one that is kept in a file is put together first.
    let copied = |step: &Step| {
        let to_file = |(output, kept): (&Output, &bool)| *kept && plan.stores[output.store.0 as usize].kind != StoreKind::Memory;
        if step.pass.outputs.iter().zip(&step.kept).any(to_file) { scratch } else { 0 }
    };
    let alive = |at: usize| (0..at).filter(|earlier| last[*earlier] >= at).map(made).sum::<u64>();
    block += alive(fused.before.len());
    for (at, step) in fused.before.iter().enumerate() {
        let (reading, from_files) = leaves_cost(plan, &step.pass, fused);
        read = read.saturating_add(from_files);
        block = block.max(writing + reading.max(copied(step)) + made(at) + alive(at));
    }
    let (rows, tables) = tables_cost(fused);
    (block, held) = (block.saturating_add(rows), held.saturating_add(tables));
    if let Some(product) = &fused.product {
        let (making, tables, _, reading) = product_cost(plan, product);
        block += making + tile_bytes(product);
        held = held.saturating_add(tables);
        read = read.saturating_add(reading);
    }
    (block.max(ALIGN as u64), held, blocks, read)
}

/// Of the tables that a pass looks up: bytes of the rows of a block, and of all entries.
fn tables_cost(fused: &Fused) -> (u64, u64) {
    let positions = fused.leaves.iter().flat_map(|leaf| &leaf.access).filter_map(|map| Some((map.via?.leaf, map.axis?)));
    let groups = fused.outputs.iter().filter_map(|output| output.kind.grouped()).map(|(axis, table)| (table, axis));
    let mut tables: Vec<(usize, usize)> = positions.chain(groups).collect();
    tables.sort_unstable();
    tables.dedup();
    // Entries grow into their place; the rows of a block are sorted, and found again.
    let bytes = |sizes: &[u64]| tables.iter().map(|(_, axis)| rounded(sizes[*axis].saturating_mul(16))).fold(0, u64::saturating_add);
    (bytes(&fused.block), bytes(&fused.domain))
}

/// Of a pass in a stage: bytes that the leaves of a block take, and bytes that all blocks read from files.
fn leaves_cost(plan: &Plan, pass: &Fused, stage: &Fused) -> (u64, u64) {
    let zero = vec![0; pass.domain.len()];
    let (mut block, mut read) = (0, 0u64);
    if pass.domain.contains(&0) {
        return (0, 0);
    }
    for group in halo::groups(&pass.leaves, &pass.block) {
        let leaves = || group.iter().map(|at| &pass.leaves[*at]);
        let Some(leaf) = halo::together(leaves()) else { continue };
        let region = halo::region(leaves(), &zero, &pass.block);
        let item = leaf.dtype.size() as u64;
        // What is read, and what is put together from it where the array goes on beyond its ends.
        let copies = u64::from(leaf.is_remote(&plan.stores)) + u64::from(halo::is_continued(&leaf));
        block += copies * rounded(region.elements().saturating_mul(item));
        if matches!(leaf.source, Source::File(_)) {
            read = read.saturating_add(read_in_all(stage, &leaf, &region).saturating_mul(item));
        }
    }
    (block, read)
}

/// Of a pass: bytes that the outputs of a block take beside their stores, and bytes of partial results held for the whole stage.
fn outputs_cost(plan: &Plan, fused: &Fused, kept: bool) -> (u64, u64) {
    let (mut block, mut held) = (0, 0);
    for output in &fused.outputs {
        let dtype = fused.code[output.value.0 as usize].dtype;
        let sizes = |kept: &dyn Fn(usize) -> bool| -> u64 {
            fused.block.iter().enumerate().filter(|(axis, _)| kept(*axis)).fold(1u64, |all, (_, size)| all.saturating_mul(*size))
        };
        let parts = |elements: u64| -> u64 {
            arrays_of(&output.kind, dtype).iter().map(|(dtype, _)| rounded(elements.saturating_mul(dtype.size() as u64))).sum()
        };
        match &output.kind {
            OutputKind::Map { .. } => {
                if !kept || plan.stores[output.store.0 as usize].kind != StoreKind::Memory {
                    block += rounded(sizes(&|_| true).saturating_mul(dtype.size() as u64));
                }
            }
            OutputKind::Scan { axis, .. } => {
                block += rounded(sizes(&|at| at != *axis).saturating_mul(dtype.size() as u64));
                if plan.stores[output.store.0 as usize].kind != StoreKind::Memory {
                    block += rounded(sizes(&|_| true).saturating_mul(dtype.size() as u64));
                }
            }
            // Below, for all outputs together.
            OutputKind::ReduceGroups { .. } => {}
            OutputKind::Reduce { axes, .. } => {
                let part = parts(sizes(&|axis| !axes.contains(&axis)));
                // The block's own and one it is joined with; the others wait in the tree.
                block += 2 * part + rounded(SEGMENT as u64 * dtype.size() as u64) + SPARE_BYTES.min(SPARE as u64 * part);
                let reduced = axes.iter().map(|axis| fused.domain[*axis].div_ceil(fused.block[*axis])).fold(1, u64::saturating_mul);
                if reduced > 1 {
                    held += part * (u64::from(64 - reduced.leading_zeros()) + 2) * 2;
                }
            }
        }
    }
    if let Some(grouping) = Grouping::of(fused) {
        block += rounded(SEGMENT as u64 * 8) * fused.outputs.len() as u64;
        if grouping.on_disk() {
            // The groups of a block, and one that is written at the end.
            block += grouping.row.saturating_mul(grouping.groups.min(fused.block[grouping.axis]) + 1);
        } else {
            // The lanes of the results in work; a block may begin the next ones.
            let results = grid(&fused.domain, &fused.block).into_iter().product::<u64>() / grouping.steps.max(1);
            held += grouping.part.saturating_mul(grouping.lanes);
            block += if results > 1 { grouping.part } else { 0 };
        }
    }
    (block, held)
}
