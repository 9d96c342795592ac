import Files
import TestSupport
import Testing

@testable import Tokenization

/// The digest of `fixtures/tokenization/digest.py`: 64-bit FNV-1a over numbers of 32 bits, with a mark behind each item.
struct Digest: CustomStringConvertible {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ numbers: some Sequence<some BinaryInteger>) {
        for number in numbers { combine(UInt64(truncatingIfNeeded: number)) }
        combine(0xFFFF_FFFF)
    }

    private mutating func combine(_ number: UInt64) { value = (value ^ number) &* 0x100_0000_01B3 }

    var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

enum Recordings {
    static let folder = SharedData.fixtures + "/tokenization"
    static let tinyPath = SharedData.tinyBERT + "/model/tokenizer.json"
    static let miniLMPath = SharedData.miniLM + "/tokenizer.json"

    static func decode<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
        try decodeJSON(type, path: folder + "/" + name)
    }

    /// The tiny tokenizer.json with some of its keys replaced.
    static func tiny(changing changes: (inout [String: JSONValue]) -> Void) throws -> JSONValue {
        var file = try #require(try JSONValue.read(tinyPath).objectValue)
        changes(&file)
        return .object(file)
    }

    /// Loads a tokenizer from JSON text, by way of a file.
    static func tokenizer(_ json: String, in folder: TemporaryFolder) throws -> Tokenizer {
        try Tokenizer(path: folder.write(json, to: "tokenizer.json"))
    }
}
