//! The files of a bundle: from this browser's shelf where it has them, else from the server.
//!
//! Does: asks the server for the card first (a kept one counts only without a server), takes kept files whose
//! hash is right, downloads the others with progress by bytes and a cancel, keeps what it downloaded.
//! Does not know: what is in the files, devices.
//! Flow: folder → card → shelf or server → **files** → session.

use std::collections::BTreeMap;

use model::bundle::{CARD, is_needed, read_card, sha256};
use model::card::FileEntry;
use web_sys::RequestCache;

use super::fetch::{self, Wanted};
use super::outbox::{Stop, send};
use super::precomputed;
use crate::bundles::{file_words, key};
use crate::protocol::bundle::{LOADING, Tell};
use crate::protocol::{FromWorker, is_own_folder};
use crate::shelf::Shelf;

/// Milliseconds between two messages of progress.
const BEAT: f64 = 100.0;
/// Largest card; a panel of 100,000 genes stays below.
const LARGEST_CARD: u64 = 64_000_000;

/// Why a bundle was not loaded.
pub(crate) enum End {
    /// The visitor stopped it.
    Cancelled,
    /// A sentence.
    Failed(String),
}

impl From<String> for End {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

impl From<(fetch::End, &str)> for End {
    fn from((end, address): (fetch::End, &str)) -> Self {
        match end {
            fetch::End::Cancelled => Self::Cancelled,
            other => Self::Failed(other.sentence(address)),
        }
    }
}

/// A bundle's files.
pub(crate) struct Gathered {
    /// `bundle.json`.
    pub(crate) json: Vec<u8>,
    /// The others.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Where they came from.
    pub(crate) tell: Tell,
}

/// Says how far the loading is.
pub(crate) fn loading(stage: &str, done: u64, total: u64) {
    send(&FromWorker::Loading { stage: stage.to_owned(), done: done as f64, total: total as f64 }, &[]);
}

/// All files of a bundle.
///
/// # Errors
/// When one cannot be had, or the visitor stopped it.
pub(crate) async fn gather(folder: &str, stop: &Stop) -> Result<Gathered, End> {
    loading("the card", 0, 1);
    let shelf = Shelf::open().await;
    let (json, stale) = card(folder, shelf.as_ref().ok(), stop).await?;
    let card = read_card(&json).map_err(|error| format!("{folder} was refused: {error}."))?;
    if let Some(name) = card.files.keys().find(|name| !is_own_folder(name) || name.contains('/')) {
        return Err(format!("{folder} was refused: it names the file {name:?}.").into());
    }
    // What the page has no use for (the split of the training cells) is not asked for.
    let needed = || card.files.iter().filter(|(name, _)| is_needed(name));
    let total = needed().map(|(_, entry)| entry.bytes).sum();
    let mut work = Work { folder, stop, total, done: 0, downloaded: 0, wrong: false, told: 0.0 };
    let (mut files, mut new) = (BTreeMap::new(), vec![CARD.to_owned()]);
    let mut shown = false;
    for (name, entry) in needed() {
        let (bytes, is_new) = work.file(name, entry, shelf.as_ref().ok()).await?;
        new.extend(is_new.then(|| name.clone()));
        files.insert(name.clone(), bytes);
        // Something true to look at while the weights are on their way. What does not fit is refused with the bundle.
        shown = shown || precomputed::show(folder, &json, &card, &files).unwrap_or(false);
    }
    let downloaded = work.downloaded;
    if stale.is_some() || work.wrong {
        // The kept card is kept already; a bundle with a wrong file is refused, and not worth keeping.
        new.clear();
    }
    let keys: BTreeMap<&str, String> = needed()
        .map(|(name, entry)| (name.as_str(), key(folder, name, Some(&entry.sha256))))
        .chain([(CARD, key(folder, CARD, None))])
        .collect();
    let kept = match &shelf {
        Ok(shelf) => keep(shelf, folder, &new, &keys, |name| files.get(name).unwrap_or(&json)).await,
        Err(why) => Err(why.clone()),
    };
    let not_kept = kept.err().map(|why| {
        format!(
            "This browser keeps no copy of the model, so it is downloaded at each visit and needs the network ({why})."
        )
    });
    let hash = sha256(&json);
    let tell =
        Tell { folder: folder.to_owned(), hash, downloaded, kept: total - downloaded.min(total), stale, not_kept };
    Ok(Gathered { json, files, tell })
}

/// The card, and when it was kept if it is not the server's.
async fn card(folder: &str, shelf: Option<&Shelf>, stop: &Stop) -> Result<(Vec<u8>, Option<String>), End> {
    // The worker's address is that of its script, beside the page.
    let address = format!("{folder}/{CARD}");
    let wanted = Wanted { address: &address, cache: RequestCache::NoCache, most: LARGEST_CARD };
    let end = match fetch::file(&wanted, stop, |_| ()).await {
        Ok(json) => return Ok((json, None)),
        Err(end) => end,
    };
    // A server that says that there is no such bundle is believed; one that fails is not.
    let silent = match end {
        fetch::End::Unreachable(_) => true,
        fetch::End::Status(status) => status >= 500,
        fetch::End::Cancelled => false,
    };
    if let (true, Some(shelf)) = (silent, shelf)
        && let Some((json, kept_at)) = shelf.take(&key(folder, CARD, None)).await
    {
        return Ok((json, Some(kept_at)));
    }
    let lacking = if silent { " This browser has kept no copy of this model: it needs the network once." } else { "" };
    match End::from((end, address.as_str())) {
        End::Failed(sentence) => Err(End::Failed(sentence + lacking)),
        End::Cancelled => Err(End::Cancelled),
    }
}

/// A loading in work.
struct Work<'a> {
    folder: &'a str,
    stop: &'a Stop,
    /// Bytes of all files.
    total: u64,
    /// Bytes that are there.
    done: u64,
    /// Bytes that came over the network.
    downloaded: u64,
    /// Whether a file is not the one that the card names.
    wrong: bool,
    /// Time of the last message.
    told: f64,
}

impl Work<'_> {
    /// A file, and whether it was downloaded.
    async fn file(&mut self, name: &str, entry: &FileEntry, shelf: Option<&Shelf>) -> Result<(Vec<u8>, bool), End> {
        if self.stop.get() == LOADING {
            return Err(End::Cancelled);
        }
        if let Some(shelf) = shelf {
            let key = key(self.folder, name, Some(&entry.sha256));
            match shelf.take(&key).await {
                Some((bytes, _)) if sha256(&bytes) == entry.sha256 => {
                    self.done += entry.bytes;
                    loading(file_words(name), self.done, self.total);
                    return Ok((bytes, false));
                }
                // Something on this computer changed it.
                Some(_) => shelf.remove(&key).await,
                None => {}
            }
        }
        let bytes = self.download(name, entry).await?;
        self.done += entry.bytes;
        self.downloaded += entry.bytes;
        Ok((bytes, true))
    }

    /// A file from the server; once more past the browser's own cache, when that has an older one.
    async fn download(&mut self, name: &str, entry: &FileEntry) -> Result<Vec<u8>, End> {
        let address = format!("{}/{name}", self.folder);
        let mut last = Vec::new();
        for cache in [RequestCache::Default, RequestCache::Reload] {
            let wanted = Wanted { address: &address, cache, most: entry.bytes };
            let stop = self.stop;
            last = fetch::file(&wanted, stop, |bytes| self.tell(name, bytes.min(entry.bytes)))
                .await
                .map_err(|end| End::from((end, address.as_str())))?;
            if sha256(&last) == entry.sha256 {
                return Ok(last);
            }
        }
        // The bundle's own check refuses it and says what is wrong.
        self.wrong = true;
        Ok(last)
    }

    /// Tells the bytes of the file in work, not too often.
    fn tell(&mut self, name: &str, bytes: u64) {
        let now = js_sys::Date::now();
        if now - self.told > BEAT || self.done + bytes == self.total {
            self.told = now;
            loading(file_words(name), self.done + bytes, self.total);
        }
    }
}

/// Keeps what is new, the card last, so that a kept card always has its files; removes what the bundle no
/// longer consists of.
async fn keep<'a>(
    shelf: &Shelf,
    folder: &str,
    new: &[String],
    keys: &BTreeMap<&str, String>,
    bytes: impl Fn(&str) -> &'a Vec<u8>,
) -> Result<(), String> {
    let (cards, files): (Vec<&String>, Vec<&String>) = new.iter().partition(|name| *name == CARD);
    for name in files.into_iter().chain(cards) {
        if let Some(key) = keys.get(name.as_str()) {
            shelf.put(key, bytes(name)).await?;
        }
    }
    let current: Vec<String> = keys.values().cloned().collect();
    shelf.clear(Some(folder), &current).await;
    Ok(())
}
