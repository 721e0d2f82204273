//! Aligned, budgeted memory. Every large buffer of a run is taken from a `Pool`, counted against its limit and reused.
//! The only file of this module with `unsafe`: the allocation itself and writing to disjoint parts from several tasks.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

impl Buffer {
    fn allocate(capacity: usize, zeroed: bool) -> *mut u8 {
        let layout = layout(capacity);
        // SAFETY: the layout has a size above zero.
        let ptr = unsafe { if zeroed { alloc_zeroed(layout) } else { alloc(layout) } };
        if ptr.is_null() {
            handle_alloc_error(layout);
        }
        ptr
    }
    /// Memory outside any budget, all zero: for small things (scalars, coordinates).
    pub fn zeroed(len: usize) -> Buffer {
        let capacity = round_up(len);
        Buffer { ptr: Buffer::allocate(capacity, true), len, capacity, pool: None, owner: None }
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
            // SAFETY: allocated in `allocate` with this layout.
            None => unsafe { dealloc(self.ptr, layout(self.capacity)) },
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
    limit: AtomicU64,
    /// Bytes handed out and not yet returned.
    used: AtomicU64,
    peak: AtomicU64,
    /// Free blocks by capacity: used plus free never exceeds the limit.
    free: Mutex<Vec<(usize, FreeBlock)>>,
    free_bytes: AtomicU64,
}

struct FreeBlock(*mut u8);
// SAFETY: a free block is owned by the pool alone.
unsafe impl Send for FreeBlock {}

impl Pool {
    pub fn new(limit: u64) -> Pool {
        Pool(Arc::new(PoolState {
            limit: AtomicU64::new(limit),
            used: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            free: Mutex::new(Vec::new()),
            free_bytes: AtomicU64::new(0),
        }))
    }
    pub fn limit(&self) -> u64 {
        self.0.limit.load(Ordering::Relaxed)
    }
    pub fn set_limit(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
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
            free.iter().rposition(|(size, _)| *size == capacity).map(|at| free.swap_remove(at).1)
        };
        let ptr = match reused {
            Some(block) => {
                state.free_bytes.fetch_sub(capacity as u64, Ordering::Relaxed);
                block.0
            }
            None => {
                if self.used() + state.free_bytes.load(Ordering::Relaxed) > self.limit() {
                    self.trim();
                }
                Buffer::allocate(capacity, true)
            }
        };
        Some(Buffer { ptr, len, capacity, pool: Some(self.clone()), owner: None })
    }
    /// Gives all free blocks back to the system.
    pub fn trim(&self) {
        let blocks = std::mem::take(&mut *self.0.free.lock().unwrap_or_else(PoisonError::into_inner));
        for (capacity, block) in blocks {
            self.0.free_bytes.fetch_sub(capacity as u64, Ordering::Relaxed);
            // SAFETY: allocated in `allocate` with this layout, and no longer in the list.
            unsafe { dealloc(block.0, layout(capacity)) };
        }
    }
    fn put_back(&self, ptr: *mut u8, capacity: usize) {
        self.0.used.fetch_sub(capacity as u64, Ordering::Relaxed);
        self.0.free_bytes.fetch_add(capacity as u64, Ordering::Relaxed);
        self.0.free.lock().unwrap_or_else(PoisonError::into_inner).push((capacity, FreeBlock(ptr)));
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} of {} bytes used)", self.used(), self.limit())
    }
}
