//! A session on a terminal: set up from the flags, told of Ctrl-C, watched by the progress bar, kept alive by errors of any kind.

use super::Exit;
use super::args::Flags;
use super::console::{Console, Printer, Show};
use super::progress::{Drawing, Progress};
use crate::base::{Cancel, Code, Diagnostic};
use crate::session::{Failed, Options, Session};
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A session with what surrounds it.
pub struct Host {
    pub session: Session,
    options: Options,
    pub cancel: Cancel,
    pub progress: Arc<Progress>,
}

impl Host {
    /// Takes Ctrl-C for the process: the first asks the run to stop, a second one while it has not stopped yet ends the process.
    pub fn new(flags: &Flags, args: Vec<String>) -> Host {
        let progress = Arc::new(Progress::default());
        let mut options = Options { interpret: flags.interpret, args, observer: progress.clone(), ..Options::default() };
        options.limits.checked = flags.checked;
        if let Some(threads) = flags.threads {
            options.limits.threads = threads.into();
        }
        if let Some(memory) = flags.memory {
            options.limits.memory = memory;
        }
        let cancel = options.cancel.clone();
        let asked = cancel.clone();
        let stop = move || {
            if asked.is_cancelled() {
                std::process::exit(Exit::Stopped as i32);
            }
            asked.cancel();
        };
        // Without a handler Ctrl-C ends the process at once, which is what it is for.
        let _ = ctrlc::set_handler(stop);
        Host { session: Session::new(options.clone()), options, cancel, progress }
    }

    /// Begins anew, without variables and functions.
    pub fn reset(&mut self) {
        self.session = Session::new(self.options.clone());
    }

    /// Does something with the session and reports its diagnostics. A fault in the library is an error like others.
    pub fn act<T>(
        &mut self,
        console: &Console,
        show: Show,
        act: impl FnOnce(&mut Session, &mut Printer) -> Result<T, Failed>,
    ) -> Result<T, Exit> {
        let drawing = (std::io::stderr().is_terminal() && !console.quiet && !console.json).then(|| Drawing::start(&self.progress));
        let mut printer = Printer { console, show, progress: self.progress.clone(), cancel: self.cancel.clone() };
        let session = &mut self.session;
        let outcome = catch_unwind(AssertUnwindSafe(|| act(session, &mut printer))).unwrap_or_else(|_| Err(internal()));
        drop(drawing);
        // A second Ctrl-C ends the process only while a run is being stopped.
        self.cancel.reset();
        outcome.map_err(|failed| {
            if console.is_closed() {
                return Exit::Done;
            }
            console.report(&failed.diagnostics, self.session.sources());
            if failed.diagnostics.iter().any(|diagnostic| diagnostic.code == Code::Cancelled) { Exit::Stopped } else { Exit::Failed }
        })
    }
}

fn internal() -> Failed {
    let error = Diagnostic::new(Code::Internal, "Kiln failed; the message above says where");
    error.help("please report it with the program; `--interpret` may avoid it").into()
}
