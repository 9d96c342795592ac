import Files
import TestSupport
import Testing

@testable import Tokenization

/// The recordings of `fixtures/tokenization/sweep.py`.
private struct Sweep: Decodable {
    struct Setting: Decodable {
        let on: [String]
        let digests: [String]
    }

    struct Order: Decodable {
        let marks: [UInt32]
        let digest: String
    }

    let block: Int
    let normalizers: [Setting]
    let words: [String]
    let alone: [String]
    let stripping: [String]
    let tiny: [String]
    let miniLM: [String]
    let order: Order

    static func recorded() throws -> Sweep { try Recordings.decode(Sweep.self, "sweep.json") }

    /// Compares a digest for each block of scalars, of what a function makes of each.
    func compare(
        _ expected: [String], _ comment: String = "", _ numbers: (Unicode.Scalar) -> some Sequence<some BinaryInteger>
    ) throws {
        try #require(expected.count * block == 0x11_0000)
        for (number, expected) in expected.enumerated() {
            let start = UInt32(number * block)
            var digest = Digest()
            for value in start..<start + UInt32(block) {
                if let scalar = Unicode.Scalar(value) { digest.add(numbers(scalar)) }
            }
            #expect("\(digest)" == expected, "\(comment) from U+\(String(start, radix: 16)) on")
        }
    }
}

@Suite("Every Unicode scalar")
struct UnicodeSweepTests {
    @Test("is normalized as tokenizers does, with every flag alone and with the usual ones together")
    func normalizers() throws {
        let sweep = try Sweep.recorded()
        try #require(sweep.normalizers.count == 8)
        for setting in sweep.normalizers {
            let normalizer = BertNormalizer(
                cleansText: setting.on.contains("clean_text"),
                separatesIdeographs: setting.on.contains("handle_chinese_chars"),
                stripsAccents: setting.on.contains("strip_accents"), lowercases: setting.on.contains("lowercase"))
            try sweep.compare(setting.digests, setting.on.joined(separator: " ")) { scalar in
                normalized("a\(scalar)b", by: normalizer)
            }
        }
    }

    @Test("ends words, or is a word, where tokenizers says so")
    func words() throws {
        let sweep = try Sweep.recorded()
        let preTokenizer = BertPreTokenizer()
        try sweep.compare(sweep.words) { scalar in
            let bytes = Array("a\(scalar)b".utf8)
            var text = SplitText(bytes: bytes, words: [0..<bytes.count])
            preTokenizer.split(&text)
            return text.words.map(\.count)
        }
    }

    @Test("lets an added token stand alone beside it or not, as tokenizers does")
    func alone() throws {
        let sweep = try Sweep.recorded()
        let tokenizer = try withAdded("<s>", "single_word")
        try sweep.compare(sweep.alone) { tokenizer.encode("\($0)<s>\($0)") }
    }

    @Test("is taken along as white space by an added token, as tokenizers does")
    func stripping() throws {
        let sweep = try Sweep.recorded()
        let tokenizer = try withAdded("<t>", "lstrip", "rstrip")
        try sweep.compare(sweep.stripping) { tokenizer.encode("\($0)<t>\($0)") }
    }

    @Test("has the ids that tokenizers gives it between two letters, with the tiny vocabulary")
    func tiny() throws {
        let sweep = try Sweep.recorded()
        let tokenizer = try Tokenizer(path: Recordings.tinyPath)
        try sweep.compare(sweep.tiny) { tokenizer.encode("a\($0)b") }
    }

    @Test(
        "has the ids that tokenizers gives it between two letters, with all-MiniLM-L6-v2",
        .enabled(if: SharedData.hasMiniLM))
    func miniLM() throws {
        let sweep = try Sweep.recorded()
        let tokenizer = try Tokenizer(path: Recordings.miniLMPath)
        try sweep.compare(sweep.miniLM) { tokenizer.encode("a\($0)b") }
    }

    @Test("stands in canonical order after every other combining character")
    func order() throws {
        let order = try Sweep.recorded().order
        try #require(order.marks.count > 100)
        let normalizer = BertNormalizer(
            cleansText: false, separatesIdeographs: false, stripsAccents: true, lowercases: false)
        let marks = order.marks.compactMap(Unicode.Scalar.init)
        var digest = Digest()
        for first in marks {
            for second in marks { digest.add(normalized("a\(first)\(second)b", by: normalizer)) }
        }
        #expect("\(digest)" == order.digest)
    }

    private func normalized(_ text: String, by normalizer: BertNormalizer) -> [UInt8] {
        var bytes: [UInt8] = []
        normalizer.normalize(text.utf8.span, into: &bytes)
        return bytes
    }

    /// A tokenizer that knows nothing but one added token.
    private func withAdded(_ content: String, _ flags: String...) throws -> Tokenizer {
        let vocabulary = try Vocabulary(["[UNK]": 0])
        let model = WordPiece(vocabulary: vocabulary, unknownID: 0, continuingPrefix: "##", maximumWordLength: 100)
        let token = AddedToken(
            id: 1, content: content, isSingleWord: flags.contains("single_word"), stripsLeft: flags.contains("lstrip"),
            stripsRight: flags.contains("rstrip"), isNormalized: false)
        return Tokenizer(
            normalizer: nil, preTokenizer: nil, model: model, postProcessor: .none,
            addedVocabulary: AddedVocabulary([token], vocabulary: vocabulary, normalizer: nil))
    }
}
