//! The index of a store and its shards from any bytes.
//!
//! Does: reads an index as it is and with the right hash put to it, and bytes that begin as a shard does as a shard.
//! Does not know: what the bytes are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use train_native::sealed;
use train_native::store::{INDEX, Index, Store, shard};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"PAR1") {
        let _ = shard::read(bytes.to_vec(), &["condition".to_owned()]);
        return;
    }
    let Ok(folder) = tempfile::tempdir() else { return };
    let mut forms = vec![bytes.to_vec()];
    // Without the right hash nothing behind it would be reached.
    forms.extend(serde_json::from_slice(bytes).ok().filter(serde_json::Value::is_object).map(sealed::to_json));
    for form in forms {
        if std::fs::write(folder.path().join(INDEX), form).is_err() {
            return;
        }
        if let Ok(index) = Index::read(folder.path()) {
            let _ = (index.cells(), index.unlabelled("condition"));
        }
        if let Ok(store) = Store::open(folder.path()) {
            let _ = (store.label_keys(), store.measured(), store.shard(0).is_ok());
        }
    }
});
