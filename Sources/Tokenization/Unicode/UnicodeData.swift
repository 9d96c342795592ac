/// Character properties and mappings, as Hugging Face's tokenizers applies them (`fixtures/tokenization/generate_tables.py` says which).
struct UnicodeData: Sendable {
    /// Read once from the generated tables, in well under a millisecond.
    static let shared = UnicodeData()

    private var propertyBits = ScalarTrie()

    /// Full canonical decompositions; Hangul syllables are not in it, see `appendDecomposition`.
    private var decompositions = ScalarMapping()

    /// Lower case of single characters, without context: a sigma at the end of a word is like any other.
    private(set) var lowercase = ScalarMapping()

    private init() {
        readProperties()
        readDecompositions()
        readLowercase()
    }

    /// The properties of a scalar below 0x110000.
    @inline(__always)
    func properties(of scalar: UInt32) -> CharacterProperties { CharacterProperties(rawValue: propertyBits[scalar]) }

    /// Appends the full canonical decomposition of a scalar that decomposes.
    func appendDecomposition(of scalar: UInt32, to scalars: inout [UInt32]) {
        // Unicode Standard, section 3.12: 19 leading consonants, 21 vowels, 27 trailing consonants or none.
        let index = scalar &- 0xAC00
        guard index < 19 * 21 * 28 else {
            scalars.append(contentsOf: decompositions[scalar])
            return
        }
        scalars.append(0x1100 + index / (21 * 28))
        scalars.append(0x1161 + index / 28 % 21)
        if index % 28 != 0 { scalars.append(0x11A7 + index % 28) }
    }

    private mutating func readProperties() {
        var scanner = TableScanner(UnicodeTables.properties)
        var scalar = 0
        while !scanner.isAtEnd {
            let value = scanner.number()
            let count = scanner.skip("*") ? scanner.number() : 1
            propertyBits.fill(scalar..<scalar + count, with: UInt16(value))
            scalar += count
            scanner.skipSpace()
        }
        precondition(scalar == 0x11_0000, "the property table does not cover Unicode")
    }

    private mutating func readDecompositions() {
        var scanner = TableScanner(UnicodeTables.decompositions)
        while !scanner.isAtEnd {
            let scalar = UInt32(scanner.number())
            precondition(scanner.skip("="), "a decomposition is malformed")
            decompositions.append(scanner.scalars(), for: scalar)
            scanner.skipSpace()
        }
    }

    private mutating func readLowercase() {
        var scanner = TableScanner(UnicodeTables.lowercase)
        while !scanner.isAtEnd {
            let first = scanner.number()
            if scanner.skip("=") {
                lowercase.append(scanner.scalars(), for: UInt32(first))
            } else {
                let last = scanner.field()
                let step = scanner.field()
                let difference = scanner.field()
                for scalar in stride(from: first, through: last, by: step) {
                    lowercase.append(CollectionOfOne(UInt32(scalar + difference)), for: UInt32(scalar))
                }
            }
            scanner.skipSpace()
        }
    }
}

/// Reads the text of the generated tables: hexadecimal numbers between marks.
private struct TableScanner {
    private let text: [UInt8]
    private var position = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    var isAtEnd: Bool { position == text.count }

    mutating func number() -> Int {
        let isNegative = skip("-")
        var value = 0
        while position < text.count, let digit = TableScanner.digit(text[position]) {
            value = value << 4 | digit
            position += 1
        }
        return isNegative ? -value : value
    }

    /// A number after a comma.
    mutating func field() -> Int {
        precondition(skip(","), "a lower case run is malformed")
        return number()
    }

    /// Numbers joined by plus signs.
    mutating func scalars() -> [UInt32] {
        var result = [UInt32(number())]
        while skip("+") { result.append(UInt32(number())) }
        return result
    }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    mutating func skipSpace() { precondition(skip(" ") || isAtEnd, "a Unicode table is malformed") }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte) - 87
        default: nil
        }
    }
}
