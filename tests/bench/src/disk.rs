//! What stands on disk.

use serialtrail_runtime::Service;
use serialtrail_stack::{Member, Stack};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Free bytes of the disk a folder is on; `None` where `df` does not say.
#[must_use]
pub fn free(folder: &Path) -> Option<u64> {
    let out = Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let free = text.lines().nth(1)?.split_whitespace().nth(3)?;
    Some(free.parse::<u64>().ok()? * 1024)
}

/// Bytes of all files below a folder.
#[must_use]
pub fn bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let entries = entries.flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => bytes(&entry.path()),
            Ok(found) => allocated(&found),
            Err(_) => 0,
        })
        .sum()
}

/// Bytes a file really takes: the broker's index files are made longer than they are.
fn allocated(found: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(found) * 512
}

/// Bytes a stack takes: each topic by name, `state/<stage>`, `clickhouse`.
#[must_use]
pub fn of_stack(stack: &Stack) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let data = stack.layout().part(Member::Kafka).join("data");
    for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some((topic, partition)) = name.rsplit_once('-')
            && partition.parse::<u32>().is_ok()
        {
            *found.entry(topic.to_owned()).or_default() += bytes(&entry.path());
        }
    }
    for service in Service::ALL {
        let prefix = format!("{}-", service.name());
        let folders = std::fs::read_dir(stack.layout().state());
        let of_service = folders
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        let size: u64 = of_service.map(|entry| bytes(&entry.path())).sum();
        found.insert(format!("state/{}", service.name()), size);
    }
    let clickhouse = bytes(&stack.layout().part(Member::ClickHouse));
    found.insert("clickhouse".to_owned(), clickhouse);
    // Less than that says nothing.
    found.retain(|_, size| *size > 100_000);
    found
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_folder_has_a_disk_with_room_and_files_of_a_size() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(super::free(folder).is_some_and(|free| free > 0));
        assert!(super::bytes(&folder.join("src")) > 50_000);
    }
}
