//! What every command is given: where the settings are, how results are printed, progress bars.

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serialtrail_runtime::Settings;
use serialtrail_stack::Project;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Shared by all commands of one call.
#[derive(Debug)]
pub struct Context {
    /// Whether results are printed as JSON.
    pub json: bool,
    config: Option<PathBuf>,
    dir: Option<PathBuf>,
    settings: OnceLock<Settings>,
}

impl Context {
    /// From the global options of the command line.
    #[must_use]
    pub fn new(config: Option<PathBuf>, dir: Option<PathBuf>, json: bool) -> Self {
        Self {
            json,
            config,
            dir,
            settings: OnceLock::new(),
        }
    }

    /// The settings: the file of `--config`, else that of the local stack, else the defaults.
    /// Read once; the process environment overrides single keys.
    ///
    /// # Errors
    /// The file cannot be read or is not valid.
    pub fn settings(&self) -> anyhow::Result<&Settings> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::load(self.config_file().as_deref())?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// The settings file in use; `None` where only defaults hold.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| {
            let generated = self.stack_dir().ok()?.join("serialtrail.toml");
            generated.is_file().then_some(generated)
        })
    }

    /// Folder of the local stack: `--dir`, else `.local/run` of the checkout.
    ///
    /// # Errors
    /// The checkout cannot be found and no folder was named.
    pub fn stack_dir(&self) -> anyhow::Result<PathBuf> {
        match &self.dir {
            Some(dir) => std::path::absolute(dir)
                .with_context(|| format!("--dir {} is not a usable path", dir.display())),
            None => Ok(Project::find()?.root.join(".local/run")),
        }
    }

    /// A progress bar on standard error over `total` steps (0: unknown, a spinner). Draws nothing
    /// with `--json` or where standard error is not a terminal.
    #[must_use]
    pub fn progress(&self, total: u64, message: impl Into<String>) -> ProgressBar {
        let bar = if total == 0 {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::new(total)
        };
        if self.json || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = if total == 0 {
            "{spinner} {msg} ({elapsed})"
        } else {
            "{msg} [{bar:40}] {human_pos}/{human_len} ({per_sec}, {eta} left)"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(message.into());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Tells what is being done: in the message of `bar` where it is drawn, else as a line on standard
    /// error, at most one in `every`. With `--json` nothing is told.
    pub fn teller(
        &self,
        bar: &ProgressBar,
        every: Duration,
    ) -> impl Fn(&str) + Send + Sync + 'static {
        let (bar, json) = (bar.clone(), self.json);
        let last: Mutex<Option<Instant>> = Mutex::new(None);
        move |message| {
            if !bar.is_hidden() {
                bar.set_message(message.to_owned());
                return;
            }
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if !json && last.is_none_or(|last| last.elapsed() >= every) {
                *last = Some(Instant::now());
                eprintln!("{message}");
            }
        }
    }
}
