//! Other programs: started with their command shown, their failure in a sentence.
//!
//! Does: runs commands in the project's root, captures output, watches long ones with a line of
//! progress and a time limit, finds programs on PATH, times steps.
//! Does not know: which commands are run or why.
//! Flow: set-up and stages → **processes**.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Lines of a failed command that are shown.
const TAIL: usize = 30;
/// Time between two lines of progress.
const BEAT: Duration = Duration::from_secs(20);

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Bytes that are free where the project lies; none where the system does not tell by `df`.
pub(crate) fn free_space() -> Option<u64> {
    let told = command("df", &["-Pk", "."]).output().ok()?;
    free_of(&String::from_utf8_lossy(&told.stdout))
}

/// Free bytes of the table that `df -Pk` prints: the fourth field of its second line, in kibibytes.
fn free_of(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok()?.checked_mul(1024)
}

/// A command in the project's root.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs to the end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let words = shown(command);
    let status = command.status().with_context(|| format!("cannot start `{words}`"))?;
    if !status.success() {
        bail!("`{words}` failed ({status})");
    }
    Ok(())
}

/// Runs to the end, shows its output as it comes and returns it.
pub(crate) fn run_captured(command: &mut Command) -> Result<(bool, String)> {
    let words = shown(command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{words}`"))?;
    let mut text = String::new();
    if let Some(output) = child.stdout.take() {
        // Bytes, not lines of text: a test may print what is not UTF-8.
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            println!("{line}");
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok((child.wait()?.success(), text))
}

/// Output of a command that should succeed quietly; `None` when it does not.
pub(crate) fn quiet(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The last lines that a running command wrote.
type Tail = Arc<Mutex<VecDeque<String>>>;

/// Keeps the last lines of a stream until it ends.
fn keep_tail(stream: impl Read + Send + 'static, tail: &Tail) -> std::thread::JoinHandle<()> {
    let tail = Arc::clone(tail);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let mut lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == TAIL {
                lines.pop_front();
            }
            lines.push_back(String::from_utf8_lossy(&line).trim().to_owned());
        }
    })
}

/// Waits for a child, with a line of progress now and then; `None` when the limit passed.
fn wait_until(child: &mut Child, what: &str, limit: Duration, tail: &Tail) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    let mut next = BEAT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let passed = started.elapsed();
        if passed > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        if passed > next {
            next = passed + BEAT;
            let lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
            let last = lines.iter().rev().find(|line| !line.is_empty()).map_or("", String::as_str);
            eprintln!("·   {what}, {} s: {last}", passed.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs a long command: a line of progress every 20 s instead of its output, which is shown only if
/// it fails. It is ended after `limit`.
pub(crate) fn watch(what: &str, limit: Duration, command: &mut Command) -> Result<()> {
    let words = shown(command);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{words}`"))?;
    let tail = Tail::default();
    let mut readers = Vec::new();
    readers.extend(child.stdout.take().map(|stream| keep_tail(stream, &tail)));
    readers.extend(child.stderr.take().map(|stream| keep_tail(stream, &tail)));
    let status = wait_until(&mut child, what, limit, &tail)?;
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    if status.is_some() {
        readers.into_iter().for_each(|reader| drop(reader.join()));
    }
    let lines = tail.lock().unwrap_or_else(PoisonError::into_inner);
    let said = lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    match status {
        Some(status) => bail!("`{words}` failed ({status}); its last words:\n{said}"),
        None => bail!("`{words}` did not end within {} s; its last words:\n{said}", limit.as_secs()),
    }
}

/// A program on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Says what is being done, does it, and says how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("· {what} …");
    let started = Instant::now();
    let result = work();
    let seconds = started.elapsed().as_secs_f64();
    match &result {
        Ok(_) => eprintln!("· {what}: {seconds:.0} s"),
        Err(_) => eprintln!("· {what}: failed after {seconds:.0} s"),
    }
    result
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{command, free_of, free_space, quiet, run_captured, watch};
    use std::time::Duration;

    #[test]
    fn free_space_is_read_from_the_table_of_df() {
        let table =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264117996 52428800 4404019 96% /\n";
        assert_eq!(free_of(table), Some(4_509_715_456));
        assert_eq!(free_of("Filesystem\n"), None);
        assert!(free_space().is_none_or(|free| free > 0));
    }

    #[test]
    fn a_failure_names_the_command_and_its_last_words() {
        let minute = Duration::from_secs(60);
        let error = watch("x", minute, &mut command("sh", &["-c", "echo why >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("sh -c") && text.contains("why") && text.contains('3'), "{text}");
        assert!(watch("x", minute, &mut command("sh", &["-c", "exit 0"])).is_ok());
        assert!(
            watch("x", minute, &mut command("no-such-program", &[])).unwrap_err().to_string().contains("cannot start")
        );
    }

    #[test]
    fn a_command_over_its_limit_is_ended() {
        let error = watch("x", Duration::from_millis(50), &mut command("sleep", &["600"])).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }

    #[test]
    fn output_is_returned() {
        assert_eq!(quiet(&mut command("echo", &["a"])).as_deref(), Some("a"));
        assert_eq!(quiet(&mut command("false", &[])), None);
        assert_eq!(run_captured(&mut command("echo", &["b"])).unwrap(), (true, "b\n".to_owned()));
    }
}
