//! The partition of a key. Our code computes it for every topic, so it is
//! Kafka's Java default partitioner to the bit: other clients' tools then
//! find a key where we put it.

/// Kafka's murmur2 (`org.apache.kafka.common.utils.Utils#murmur2`), seed 0x9747b28c.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    // Java computes with a 32-bit length; a key never comes near 2^32 bytes.
    let mut h: u32 = 0x9747_b28c ^ (data.len() as u32);
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M);
        h ^= k;
    }
    let rest = chunks.remainder();
    if rest.len() > 2 {
        h ^= u32::from(rest[2]) << 16;
    }
    if rest.len() > 1 {
        h ^= u32::from(rest[1]) << 8;
    }
    if let Some(first) = rest.first() {
        h ^= u32::from(*first);
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

/// The partition of `key` among `partitions`: `toPositive(murmur2(key)) % n`.
/// With no partitions at all (n < 1) the answer is 0.
pub fn partition(key: &[u8], partitions: i32) -> i32 {
    let positive = (murmur2(key) & 0x7fff_ffff) as i32;
    positive.checked_rem(partitions.max(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own UtilsTest#testMurmur2.
    #[test]
    fn murmur2_is_kafkas() {
        for (text, expected) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()) as i32, expected, "{text}");
        }
    }

    #[test]
    fn a_partition_is_never_negative_nor_out_of_range() {
        for text in ["21", "foobar", "abc", "", "01/09521234543213/21/1"] {
            let p = partition(text.as_bytes(), 8);
            assert!((0..8).contains(&p), "{text} -> {p}");
        }
        assert_eq!(partition(b"21", 8), (-973_932_308i32 & 0x7fff_ffff) % 8);
        assert_eq!(partition(b"21", 0), 0);
    }
}
