//! Work that needs a deep stack: checking and lowering follow programs as deep as the parser lets through. It runs where it is called if that
//! thread was made for it, else on a thread of its own.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// What is left free below: for what `work` calls outside of its own recursion.
const MARGIN: usize = 1 << 20;

thread_local! {
    /// Down to which address this thread's stack may be used; 0 where that is not known.
    static END: Cell<usize> = const { Cell::new(0) };
}

/// Runs `work` on a thread of this name with a stack of `size` bytes. Only touched pages take memory.
/// An outer error if no thread can be started, an inner one if the work panicked.
pub fn on_thread<T: Send>(name: &str, size: usize, work: impl FnOnce() -> T + Send) -> io::Result<thread::Result<T>> {
    let run = move || {
        END.set(here().saturating_sub(size - MARGIN));
        work()
    };
    thread::scope(|scope| Ok(thread::Builder::new().name(name.into()).stack_size(size).spawn_scoped(scope, run)?.join()))
}

/// Runs `work` with at least `size` bytes of stack, here if there are as many. Errors as of `on_thread`.
pub fn with<T: Send>(name: &str, size: usize, work: impl FnOnce() -> T + Send) -> io::Result<thread::Result<T>> {
    let end = END.get();
    if end != 0 && here().saturating_sub(end) >= size {
        return Ok(catch_unwind(AssertUnwindSafe(work)));
    }
    on_thread(name, size + MARGIN, work)
}

/// About where the stack is now.
#[inline(never)]
fn here() -> usize {
    let local = 0u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_runs_here_where_there_is_room() {
        let thread = || thread::current().id();
        let own = with("small", 1 << 20, thread).unwrap().unwrap();
        assert_ne!(own, thread());
        let inner =
            |size| on_thread("large", 32 << 20, move || (thread(), with("inner", size, thread).unwrap().unwrap())).unwrap().unwrap();
        let (outer, here) = inner(16 << 20);
        assert_eq!(outer, here);
        let (outer, elsewhere) = inner(32 << 20);
        assert_ne!(outer, elsewhere);
    }

    #[test]
    fn work_that_panics_is_an_error() {
        assert!(on_thread("large", 8 << 20, || with("inner", 1 << 20, || panic!("expected")).unwrap().is_err()).unwrap().unwrap());
        assert!(with("own", 1 << 20, || panic!("expected")).unwrap().is_err());
    }
}
