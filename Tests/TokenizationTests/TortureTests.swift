import Files
import TestSupport
import Testing

@testable import Tokenization

/// The recordings of `fixtures/tokenization/torture.py`.
private struct Torture: Decodable {
    /// Ids, or their number and digest.
    enum Expected: Decodable, Equatable {
        case ids([Int32])
        case long(count: Int, digest: String)

        private enum CodingKeys: CodingKey {
            case count, digest
        }

        init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: CodingKeys.self) {
                self = .long(
                    count: try container.decode(Int.self, forKey: .count),
                    digest: try container.decode(String.self, forKey: .digest))
            } else {
                self = .ids(try decoder.singleValueContainer().decode([Int32].self))
            }
        }

        /// The same form of what was found.
        func form(of ids: [Int32]) -> Expected {
            guard case .long = self else { return .ids(ids) }
            var digest = Digest()
            digest.add(ids)
            return .long(count: ids.count, digest: "\(digest)")
        }
    }

    /// A text, or one that is repeated.
    struct Text: Decodable {
        let text: String

        private enum CodingKeys: CodingKey {
            case text, `repeat`
        }

        init(from decoder: any Decoder) throws {
            if let container = try? decoder.container(keyedBy: CodingKeys.self) {
                let part = try container.decode(String.self, forKey: .text)
                text = String(repeating: part, count: try container.decode(Int.self, forKey: .repeat))
            } else {
                text = try decoder.singleValueContainer().decode(String.self)
            }
        }
    }

    struct Limited: Decodable {
        let limit: Int
        let ids: [[Int32]]
    }

    struct Pairs: Decodable {
        let limit: Int?
        let ids: [[Int32]]
        let types: [[Int32]]
    }

    struct Variant: Decodable {
        let name: String
        let changes: [String: JSONValue]
        let ids: [Expected]
        let bare: [Expected]
        let random: String
        let limited: [Limited]
        let pairs: [Pairs]
    }

    let texts: [Text]
    let limited: [Text]
    let pairs: [[String]]
    let random: [String]
    let vocabulary: [String]
    let variants: [Variant]
    let miniLM: Variant

    static let recorded = try? Recordings.decode(Torture.self, "torture.json")

    static var names: [String] { recorded?.variants.map(\.name) ?? [] }

    /// The tokenizer of a variant: the tiny one with the variant's changes.
    func tokenizer(_ variant: Variant) throws -> Tokenizer {
        guard !variant.changes.isEmpty else { return try Tokenizer(path: Recordings.tinyPath) }
        let json = try Recordings.tiny { file in
            var model = file["model"]?.objectValue ?? [:]
            var tokens = model["vocab"]?.objectValue ?? [:]
            for token in vocabulary where tokens[token] == nil { tokens[token] = .integer(Int64(tokens.count)) }
            for (key, value) in variant.changes where key != "model" { file[key] = value }
            model["vocab"] = .object(tokens)
            model.merge(variant.changes["model"]?.objectValue ?? [:]) { $1 }
            file["model"] = .object(model)
        }
        return try Recordings.tokenizer(json.serialized(pretty: false), in: TemporaryFolder())
    }
}

@Suite("Difficult texts")
struct TortureTests {
    @Test("the recording is there and has every variant")
    func recording() throws {
        let torture = try Recordings.decode(Torture.self, "torture.json")
        #expect(torture.variants.count > 20)
        #expect(torture.texts.count > 120)
        #expect(torture.random.count > 1000)
    }

    @Test("give the ids that tokenizers gives, with any setting", arguments: Torture.names)
    func variants(_ name: String) throws {
        let torture = try #require(Torture.recorded)
        let variant = try #require(torture.variants.first { $0.name == name })
        try compare(torture.tokenizer(variant), with: variant, torture)
    }

    @Test("give the ids that tokenizers gives, with all-MiniLM-L6-v2", .enabled(if: SharedData.hasMiniLM))
    func miniLM() throws {
        let torture = try #require(Torture.recorded)
        try compare(Tokenizer(path: Recordings.miniLMPath), with: torture.miniLM, torture)
    }

    private func compare(_ tokenizer: Tokenizer, with variant: Torture.Variant, _ torture: Torture) throws {
        try #require(variant.ids.count == torture.texts.count)
        for (text, expected) in zip(torture.texts, variant.ids) {
            #expect(
                expected.form(of: tokenizer.encode(text.text)) == expected, "\(text.text.prefix(80).debugDescription)")
        }
        var digest = Digest()
        for text in torture.random { digest.add(tokenizer.encode(text)) }
        #expect("\(digest)" == variant.random, "the random texts")

        for (text, expected) in zip(torture.limited, variant.bare) {
            #expect(expected.form(of: tokenizer.encode(text.text, addingSpecialTokens: false)) == expected)
        }
        for limited in variant.limited {
            let ids = torture.limited.map { tokenizer.encode($0.text, maxLength: limited.limit) }
            #expect(ids == limited.ids, "at most \(limited.limit)")
        }
        for pairs in variant.pairs {
            let found = torture.pairs.map {
                tokenizer.encode($0[0], pairedWith: $0[1], maxLength: pairs.limit)
            }
            #expect(found.map(\.ids) == pairs.ids, "pairs of at most \(pairs.limit ?? .max)")
            #expect(found.map(\.typeIDs) == pairs.types, "pairs of at most \(pairs.limit ?? .max)")
        }
    }
}
