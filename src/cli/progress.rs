//! Progress of a long run: workers count blocks, a thread of its own draws a bar on stderr after half a second.

use crate::session::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Runs shorter than this show no bar.
const PATIENCE: Duration = Duration::from_millis(500);
const REDRAW: Duration = Duration::from_millis(100);

/// How far the running plan is. Cheap to update from many threads.
#[derive(Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    /// Blocks since the start of the process, for the profile.
    blocks: AtomicU64,
    /// The bar of the running run, once it is shown.
    bar: Mutex<Option<ProgressBar>>,
}

impl Observer for Progress {
    fn progress(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }
}

impl Progress {
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Does something with the terminal while the bar is not there.
    pub fn suspend<T>(&self, act: impl FnOnce() -> T) -> T {
        let bar = self.bar().clone();
        match bar {
            Some(bar) => bar.suspend(act),
            None => act(),
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        let total = self.total.load(Ordering::Relaxed);
        if total == 0 {
            return;
        }
        let mut shown = self.bar();
        let bar = shown.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}, {eta} left");
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        bar.set_length(total);
        bar.set_position(self.done.load(Ordering::Relaxed));
    }
}

/// Draws while it lives.
pub struct Drawing {
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
    progress: Arc<Progress>,
}

impl Drawing {
    pub fn start(progress: &Arc<Progress>) -> Drawing {
        let (stop, stopped) = channel();
        let shared = progress.clone();
        let draw = move || {
            let mut wait = PATIENCE;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                shared.draw();
                wait = REDRAW;
            }
        };
        // Without the thread there is no bar, and nothing else is lost.
        let thread = std::thread::Builder::new().name("progress".into()).spawn(draw).ok();
        Drawing { stop, thread, progress: progress.clone() }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Some(bar) = self.progress.bar().take() {
            bar.finish_and_clear();
        }
        self.progress.total.store(0, Ordering::Relaxed);
    }
}
