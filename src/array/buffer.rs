//! Aligned, budgeted memory. Every large buffer of a run is taken from a `Pool`, counted against its limit and reused.
//! The only file of this module with `unsafe`: the allocation itself and writing to disjoint parts from several tasks.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Alignment of every buffer: a cache line, and the widest vector.
pub const ALIGN: usize = 64;

/// A fixed-size block of memory, aligned to 64 bytes, returned to its pool when dropped.
pub struct Buffer {
    ptr: *mut u8,
    len: usize,
    capacity: usize,
    pool: Option<Pool>,
    /// Keeps memory alive that a host lent (`Buffer::borrowed`).
    owner: Option<Arc<dyn std::any::Any + Send + Sync>>,
}

// SAFETY: a buffer is plain memory. Reads go through `bytes`; writes go through `&mut self`, or through `as_mut_ptr` in code that writes
// disjoint parts before anyone reads them.
unsafe impl Send for Buffer {}
unsafe impl Sync for Buffer {}

fn layout(capacity: usize) -> Layout {
    // `capacity` is a multiple of ALIGN below isize::MAX, checked where it is made.
    Layout::from_size_align(capacity, ALIGN).unwrap_or(Layout::new::<u8>())
}

fn round_up(len: usize) -> usize {
    len.max(1).checked_next_multiple_of(ALIGN).filter(|n| *n <= isize::MAX as usize).unwrap_or(usize::MAX / 4 / ALIGN * ALIGN)
}

/// From this size on memory is mapped: the system clears its pages when they are first touched, and has them back at once when they are
/// given back.
#[cfg(unix)]
const MAPPED: usize = 128 << 10;
/// From this size on it starts where a large page may, and has large pages where the system does.
#[cfg(unix)]
const LARGE: usize = 4 << 20;
/// A large page.
#[cfg(unix)]
const LARGE_PAGE: usize = 2 << 20;

/// Memory that is all zero.
fn allocate(capacity: usize) -> *mut u8 {
    #[cfg(unix)]
    if guarded() {
        return map_guarded(capacity);
    }
    #[cfg(unix)]
    if capacity >= MAPPED {
        return map(capacity);
    }
    let layout = layout(capacity);
    // SAFETY: the layout has a size above zero.
    let ptr = unsafe { alloc_zeroed(layout) };
    if ptr.is_null() {
        handle_alloc_error(layout);
    }
    ptr
}

/// Gives back what `allocate` gave.
///
/// # Safety
/// It gave this address for this capacity, and nobody uses the memory any more.
unsafe fn release(ptr: *mut u8, capacity: usize) {
    #[cfg(unix)]
    if guarded() {
        let body = capacity.next_multiple_of(SMALL_PAGE);
        // SAFETY: as the caller says, these pages are ours; they start so far before the buffer.
        unsafe { libc::munmap(ptr.sub(body - capacity).cast(), body + SMALL_PAGE) };
        return;
    }
    #[cfg(unix)]
    if capacity >= MAPPED {
        // SAFETY: as the caller says, these pages are ours.
        unsafe { libc::munmap(ptr.cast(), capacity.next_multiple_of(SMALL_PAGE)) };
        return;
    }
    // SAFETY: as the caller says, allocated with this layout.
    unsafe { dealloc(ptr, layout(capacity)) };
}

/// Does a page that nobody may touch lie behind every buffer? `KILN_GUARD=1` asks for it, for tests.
#[cfg(unix)]
fn guarded() -> bool {
    static GUARDED: OnceLock<bool> = OnceLock::new();
    *GUARDED.get_or_init(|| std::env::var("KILN_GUARD").is_ok_and(|value| value == "1"))
}

/// Memory whose end is the start of a page that faults.
#[cfg(unix)]
fn map_guarded(capacity: usize) -> *mut u8 {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let body = capacity.next_multiple_of(SMALL_PAGE);
    // SAFETY: a new mapping touches nothing that exists; its last page is made inaccessible before anyone knows it.
    unsafe {
        let start = libc::mmap(std::ptr::null_mut(), body + SMALL_PAGE, access, kind, -1, 0);
        if start == libc::MAP_FAILED || libc::mprotect(start.cast::<u8>().add(body).cast(), SMALL_PAGE, libc::PROT_NONE) != 0 {
            handle_alloc_error(layout(capacity));
        }
        start.cast::<u8>().add(body - capacity)
    }
}

/// Pages of the system's own.
#[cfg(unix)]
fn map(capacity: usize) -> *mut u8 {
    let is_large = capacity >= LARGE;
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let whole = if is_large { capacity.saturating_add(LARGE_PAGE) } else { capacity.next_multiple_of(SMALL_PAGE) };
    // SAFETY: a new mapping touches nothing that exists; what lies before and after the aligned part is given back at once.
    unsafe {
        let start = libc::mmap(std::ptr::null_mut(), whole, access, kind, -1, 0);
        if start == libc::MAP_FAILED {
            handle_alloc_error(layout(capacity));
        }
        let start = start.cast::<u8>();
        let before = if is_large { start.align_offset(LARGE_PAGE) } else { 0 };
        let ptr = start.add(before);
        if before > 0 {
            libc::munmap(start.cast(), before);
        }
        // Whole pages of the smallest size.
        let end = capacity.next_multiple_of(SMALL_PAGE);
        if whole > before + end {
            libc::munmap(ptr.add(end).cast(), whole - before - end);
        }
        #[cfg(target_os = "linux")]
        if is_large {
            libc::madvise(ptr.cast(), capacity, libc::MADV_HUGEPAGE);
        }
        ptr
    }
}

/// No system has smaller pages; where they are larger, nothing but the start of a page is given back.
#[cfg(unix)]
const SMALL_PAGE: usize = 64 << 10;

impl Buffer {
    /// Memory outside any budget, all zero: for small things (scalars, coordinates).
    pub fn zeroed(len: usize) -> Buffer {
        let capacity = round_up(len);
        Buffer { ptr: allocate(capacity), len, capacity, pool: None, owner: None }
    }
    pub fn from_bytes(bytes: &[u8]) -> Buffer {
        let mut buffer = Buffer::zeroed(bytes.len());
        buffer.bytes_mut().copy_from_slice(bytes);
        buffer
    }
    /// Memory that a host lends without a copy. `owner` keeps it alive.
    ///
    /// # Safety
    /// `ptr` is valid for `len` bytes, and nobody writes there, as long as `owner` lives.
    pub unsafe fn borrowed(ptr: *const u8, len: usize, owner: Arc<dyn std::any::Any + Send + Sync>) -> Buffer {
        Buffer { ptr: ptr as *mut u8, len, capacity: 0, pool: None, owner: Some(owner) }
    }
    /// The memory of a vector, without a copy.
    pub fn from_vec<T: bytemuck::Pod + Send + Sync>(values: Vec<T>) -> Buffer {
        let owner = Arc::new(values);
        let (ptr, len) = (owner.as_ptr().cast::<u8>(), std::mem::size_of_val(owner.as_slice()));
        // SAFETY: the vector lives as long as its owner, is plain data, and nobody can reach it to write there.
        unsafe { Buffer::borrowed(ptr, len, owner) }
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the memory is initialised (zeroed, or handed out by a pool that zeroes fresh memory) and `len` long.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as `bytes`, and `&mut self` makes it the only view.
        unsafe { std::slice::from_raw_parts_mut(self.ptr, self.len) }
    }
    pub fn as_ptr(&self) -> *const u8 {
        self.ptr
    }
    /// For tasks that write disjoint parts of one buffer. Writing through it is the caller's `unsafe`.
    pub fn as_mut_ptr(&self) -> *mut u8 {
        self.ptr
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.owner.is_some() {
            return;
        }
        match self.pool.take() {
            Some(pool) => pool.put_back(self.ptr, self.capacity),
            // SAFETY: from `allocate`, and the only owner is going.
            None => unsafe { release(self.ptr, self.capacity) },
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len)
    }
}

/// A budget of memory and the free blocks kept for reuse. Cloning shares it.
#[derive(Clone)]
pub struct Pool(Arc<PoolState>);

struct PoolState {
    limit: u64,
    /// Bytes that used and free blocks may take together.
    within: AtomicU64,
    /// Bytes handed out and not yet returned.
    used: AtomicU64,
    peak: AtomicU64,
    /// Free blocks by capacity, the one that is free longest first.
    free: Mutex<VecDeque<(usize, FreeBlock)>>,
    free_bytes: AtomicU64,
}

struct FreeBlock(*mut u8);
// SAFETY: a free block is owned by the pool alone.
unsafe impl Send for FreeBlock {}

impl Pool {
    pub fn new(limit: u64) -> Pool {
        Pool(Arc::new(PoolState {
            limit,
            within: AtomicU64::new(0),
            used: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            free: Mutex::default(),
            free_bytes: AtomicU64::new(0),
        }))
    }
    pub fn limit(&self) -> u64 {
        self.0.limit
    }
    /// Used and free blocks take no more together than the most that was said here, unless what is used does alone: what is kept for reuse
    /// does not add to what the largest run was said to take. Small runs do not give back what the next large one needs again.
    pub fn keep_within(&self, bytes: u64) {
        self.0.within.fetch_max(bytes.min(self.limit()), Ordering::Relaxed);
        self.trim();
    }
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }
    /// The most that was ever handed out at once since the last `reset_peak`.
    pub fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }
    pub fn reset_peak(&self) {
        self.0.peak.store(self.used(), Ordering::Relaxed);
    }
    /// A buffer of `len` bytes counted against the budget; `None` if that would pass the limit. Its contents are whatever an earlier
    /// buffer left there, or zero.
    pub fn take(&self, len: usize) -> Option<Buffer> {
        self.take_any(len).map(|(buffer, _)| buffer)
    }
    /// As `take`, all zero.
    pub fn take_zeroed(&self, len: usize) -> Option<Buffer> {
        let (mut buffer, used) = self.take_any(len)?;
        if used {
            buffer.bytes_mut().fill(0);
        }
        Some(buffer)
    }
    /// A buffer, and whether it was used before.
    fn take_any(&self, len: usize) -> Option<(Buffer, bool)> {
        let state = &*self.0;
        let capacity = round_up(len);
        let mut used = state.used.load(Ordering::Relaxed);
        loop {
            let next = used.checked_add(capacity as u64).filter(|next| *next <= self.limit())?;
            match state.used.compare_exchange_weak(used, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    state.peak.fetch_max(next, Ordering::Relaxed);
                    break;
                }
                Err(now) => used = now,
            }
        }
        let reused = {
            let mut free = state.free.lock().unwrap_or_else(PoisonError::into_inner);
            free.iter().rposition(|(size, _)| *size == capacity).and_then(|at| free.remove(at)).map(|(_, block)| block)
        };
        let used = reused.is_some();
        let ptr = match reused {
            Some(block) => {
                state.free_bytes.fetch_sub(capacity as u64, Ordering::Relaxed);
                block.0
            }
            None => {
                self.trim();
                allocate(capacity)
            }
        };
        Some((Buffer { ptr, len, capacity, pool: Some(self.clone()), owner: None }, used))
    }
    /// Gives free blocks back to the system, those first that are free longest, until the rest fits beside what is used.
    fn trim(&self) {
        let state = &*self.0;
        let mut free = state.free.lock().unwrap_or_else(PoisonError::into_inner);
        while self.used() + state.free_bytes.load(Ordering::Relaxed) > state.within.load(Ordering::Relaxed) {
            let Some((capacity, block)) = free.pop_front() else { return };
            state.free_bytes.fetch_sub(capacity as u64, Ordering::Relaxed);
            // SAFETY: from `allocate`, and no longer in the list.
            unsafe { release(block.0, capacity) };
        }
    }
    fn put_back(&self, ptr: *mut u8, capacity: usize) {
        self.0.used.fetch_sub(capacity as u64, Ordering::Relaxed);
        self.0.free_bytes.fetch_add(capacity as u64, Ordering::Relaxed);
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner).push_back((capacity, FreeBlock(ptr)));
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} of {} bytes used)", self.used(), self.limit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_reuse_stays_within_what_a_run_may_take() {
        let pool = Pool::new(1 << 30);
        let of = |kilobytes: usize| pool.take(kilobytes << 10).unwrap();
        drop((of(300), of(300), of(300)));
        let kept = |pool: &Pool| pool.0.free_bytes.load(Ordering::Relaxed) >> 10;
        assert_eq!((pool.used(), kept(&pool)), (0, 900));
        // The same size is reused, another one makes room for itself.
        pool.keep_within(900 << 10);
        pool.keep_within(100 << 10);
        let same = of(300);
        assert_eq!(kept(&pool), 600);
        let other = of(200);
        assert_eq!(kept(&pool), 300);
        drop((same, other));
        assert_eq!(kept(&pool), 800);
        // What is used may be more.
        let large = of(1000);
        assert_eq!((pool.used() >> 10, kept(&pool)), (1000, 0));
        drop(large);
        assert!(Pool::new(1 << 20).take(2 << 20).is_none());
    }
}
