//! The shelf: files of bundles that this browser keeps (Cache API).
//!
//! Does: takes, keeps, lists and removes files by their keys (`bundles::key`); in the page and in the worker
//! alike. A browser without a cache, or one that refuses it, is an `Err` with a sentence, never a failure.
//! Does not know: what is in the files, whether they are right: readers check hashes.
//! Flow: worker's download ⇄ **shelf** → model view.

use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Headers, Request, Response, ResponseInit};

use crate::bundles::{CACHE, of_key};

/// Header with a kept file's size in bytes: a list of sizes need not read the files.
const BYTES: &str = "wellplate-bytes";
/// Header with the time that a file was kept at (ISO 8601).
const KEPT_AT: &str = "wellplate-kept-at";

/// The open cache.
pub struct Shelf(Cache);

/// A file in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Folder of its bundle.
    pub folder: String,
    /// Bytes.
    pub bytes: u64,
    /// When it was kept (ISO 8601).
    pub kept_at: String,
    /// Full address, its name in the cache.
    address: String,
}

/// The words of a JavaScript error.
pub fn words(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message.filter(|message| !message.is_empty()).unwrap_or_else(|| format!("{error:?}"))
}

/// Waits for a promise; its failure as words.
async fn wait<T: JsCast>(promise: Promise) -> Result<T, String> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into).map_err(|error| words(&error))
}

/// Folder of the page or the worker, which is the site's.
fn base() -> String {
    let global = js_sys::global();
    let location = Reflect::get(&global, &"location".into()).unwrap_or_default();
    let href = Reflect::get(&location, &"href".into()).ok().and_then(|href| href.as_string()).unwrap_or_default();
    let path = href.split(['?', '#']).next().unwrap_or_default();
    path.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"))
}

impl Shelf {
    /// Opens it.
    ///
    /// # Errors
    /// Why this browser keeps nothing.
    pub async fn open() -> Result<Self, String> {
        let storage = Reflect::get(&js_sys::global(), &"caches".into()).unwrap_or_default();
        if storage.is_undefined() || storage.is_null() {
            return Err(
                "this browser keeps no files for this address (it asks for https, or for a window that is not private)"
                    .into(),
            );
        }
        wait(storage.unchecked_into::<CacheStorage>().open(CACHE)).await.map(Self)
    }

    /// A kept file and when it was kept.
    pub async fn take(&self, key: &str) -> Option<(Vec<u8>, String)> {
        let found: JsValue = wait(self.0.match_with_str(key)).await.ok()?;
        let response: Response = found.dyn_into().ok()?;
        let kept_at = response.headers().get(KEPT_AT).ok().flatten().unwrap_or_default();
        let buffer: JsValue = wait(response.array_buffer().ok()?).await.ok()?;
        Some((Uint8Array::new(&buffer).to_vec(), kept_at))
    }

    /// Keeps a file.
    ///
    /// # Errors
    /// The browser's own words, when it does not.
    pub async fn put(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        let response = labelled(bytes).map_err(|error| words(&error))?;
        wait::<JsValue>(self.0.put_with_str(key, &response)).await.map(drop)
    }

    /// Removes a file; one that is not there is no failure.
    pub async fn remove(&self, key: &str) {
        // What cannot be removed stays, and the list goes on showing it.
        let _ = wait::<JsValue>(self.0.delete_with_str(key)).await;
    }

    /// All files of this site.
    pub async fn list(&self) -> Vec<Kept> {
        let keys: JsValue = wait(self.0.keys()).await.unwrap_or_default();
        let (base, mut list) = (base(), Vec::new());
        for request in keys.dyn_into::<js_sys::Array>().unwrap_or_default().iter() {
            let request: Request = request.unchecked_into();
            let address = request.url();
            let Some((folder, _)) = of_key(&base, &address) else { continue };
            let Ok(found) = wait::<JsValue>(self.0.match_with_request(&request)).await else { continue };
            let Ok(response) = found.dyn_into::<Response>() else { continue };
            let header = |name| response.headers().get(name).ok().flatten().unwrap_or_default();
            list.push(Kept {
                folder: folder.to_owned(),
                bytes: header(BYTES).parse().unwrap_or(0),
                kept_at: header(KEPT_AT),
                address: address.clone(),
            });
        }
        list
    }

    /// Removes the files of a folder, or of all folders, except those of these keys.
    pub async fn clear(&self, folder: Option<&str>, except: &[String]) {
        let base = base();
        for kept in self.list().await {
            let own = folder.is_none_or(|folder| folder == kept.folder);
            if own && !except.iter().any(|key| kept.address == format!("{base}{key}")) {
                self.remove(&kept.address).await;
            }
        }
    }
}

/// Bytes with their size and the time beside them.
fn labelled(bytes: &[u8]) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set(BYTES, &bytes.len().to_string())?;
    headers.set(KEPT_AT, &String::from(js_sys::Date::new_0().to_iso_string()))?;
    let options = ResponseInit::new();
    options.set_headers_headers(&headers);
    Response::new_with_opt_js_u8_array_and_init(Some(&Uint8Array::from(bytes)), &options)
}
