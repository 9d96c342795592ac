internal import CAttuneKernels

/// Character properties and mappings, as Hugging Face's tokenizers applies them (`fixtures/tokenization/generate_tables.py` says which).
///
/// The tables are constants of the program: nothing is read or built when it starts.
enum UnicodeData {
    /// The properties of a scalar.
    @inline(__always)
    static func properties(of scalar: UInt32) -> CharacterProperties {
        CharacterProperties(rawValue: attune_unicode_properties(scalar))
    }

    /// The full canonical decomposition of a scalar that decomposes.
    static func decomposition(of scalar: UInt32) -> [UInt32] {
        sequence { attune_unicode_decomposition(scalar, $0) }
    }

    /// Lower case of a scalar that has another, without context: a sigma at the end of a word is like any other.
    static func lowercase(of scalar: UInt32) -> [UInt32] {
        sequence { attune_unicode_lowercase(scalar, $0) }
    }

    /// Scalars that are given one by one, counted from 0 and ended by 0.
    private static func sequence(_ scalar: (Int32) -> UInt32) -> [UInt32] {
        var result: [UInt32] = []
        while true {
            let next = scalar(Int32(result.count))
            if next == 0 { return result }
            result.append(next)
        }
    }
}
