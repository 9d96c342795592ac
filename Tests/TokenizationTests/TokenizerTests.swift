import Files
import TestSupport
import Testing

@testable import Tokenization

/// One text of the tiny model's `tokens.json`.
private struct TinyExample: Decodable {
    let text: String
    let ids: [Int32]
    let maxLength: Int

    private enum CodingKeys: String, CodingKey {
        case text, ids
        case maxLength = "max_length"
    }
}

@Suite("Tokenizer")
struct TokenizerTests {
    private let tiny: Tokenizer

    init() throws { tiny = try Tokenizer(path: Recordings.tinyPath) }

    @Test("gives the tiny model's texts the ids that were recorded with the model")
    func tinyExamples() throws {
        let examples = try decodeJSON([TinyExample].self, path: SharedData.tinyBERT + "/tokens.json")
        try #require(examples.count > 20)
        for example in examples {
            #expect(tiny.encode(example.text, maxLength: example.maxLength) == example.ids, "\(example.text)")
        }
    }

    @Test("finds the id of a token and the token of an id")
    func lookup() {
        #expect(tiny.id(of: "[CLS]") == 6)
        #expect(tiny.id(of: "##ing") == 84)
        #expect(tiny.id(of: "日") == 81)
        #expect(tiny.token(of: 84) == "##ing")
        #expect(tiny.id(of: "absent") == nil)
        #expect(tiny.id(of: "") == nil)
        #expect(tiny.token(of: 200) == nil)
        #expect(tiny.token(of: -1) == nil)
    }

    @Test("finds every id of the vocabulary by its token, and counts them")
    func wholeVocabulary() throws {
        #expect(tiny.vocabularySize == 200)
        #expect(tiny.idBound == 200)
        for id in 0..<Int32(200) {
            let token = try #require(tiny.token(of: id))
            #expect(tiny.id(of: token) == id)
        }
    }

    @Test("counts an added token that is not in the vocabulary")
    func addedToken() throws {
        let json = try Recordings.tiny { file in
            file["added_tokens"] = [
                [
                    "id": 200, "content": "<new>", "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true,
                ]
            ]
        }
        let tokenizer = try Recordings.tokenizer(json.serialized(pretty: false), in: TemporaryFolder())
        #expect(tokenizer.vocabularySize == 201)
        #expect(tokenizer.idBound == 201)
        #expect(tokenizer.id(of: "<new>") == 200)
        #expect(tokenizer.token(of: 200) == "<new>")
        #expect(tokenizer.encode("a<new>", addingSpecialTokens: false) == [9, 200])
    }

    @Test("counts tokens with and without the special ones")
    func counting() {
        #expect(tiny.countTokens(in: "the cat sat") == 5)
        #expect(tiny.countTokens(in: "the cat sat", addingSpecialTokens: false) == 3)
        #expect(tiny.countTokens(in: "") == 2)
    }

    @Test("keeps the special tokens when the limit leaves no room for content", arguments: [-5, 0, 1, 2])
    func tightLimit(_ limit: Int) {
        #expect(tiny.encode("the cat", maxLength: limit) == [6, 7])
        #expect(tiny.encode("the", pairedWith: "cat", maxLength: limit).ids == [6, 7, 7])
        #expect(tiny.encode("the", pairedWith: "cat", maxLength: limit).typeIDs == [0, 0, 1])
    }

    @Test("cuts a text to a prefix of its ids, at any limit")
    func prefixes() {
        let text = "The [MASK] cat, unhappiness; 中国 running zzzzzz [SEP] naïve!"
        let all = tiny.encode(text, addingSpecialTokens: false)
        for limit in 0...all.count + 2 {
            #expect(tiny.encode(text, maxLength: limit, addingSpecialTokens: false) == Array(all.prefix(limit)))
            #expect(tiny.encode(text, maxLength: limit + 2) == [6] + all.prefix(limit) + [7])
        }
    }

    @Test("gives bytes in memory the ids of the same text")
    func bytes() {
        for text in ["", "the cat", "Café 中国 [MASK]"] {
            let ids = Array(text.utf8).withUnsafeBufferPointer { tiny.encode(utf8: $0, maxLength: 7) }
            #expect(ids == tiny.encode(text, maxLength: 7))
        }
        #expect(tiny.encode(utf8: UnsafeBufferPointer(start: nil, count: 0)) == [6, 7])
    }

    @Test("survives bytes that are not UTF-8")
    func invalidBytes() {
        var state: UInt64 = 1
        for length in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<length % 60 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Mostly lead and trailing bytes, so that sequences break in every way.
                let byte = UInt8(truncatingIfNeeded: state >> 33)
                bytes.append(state >> 60 == 0 ? byte & 0x7F : byte | 0x80)
            }
            let ids = bytes.withUnsafeBufferPointer { tiny.encode(utf8: $0) }
            #expect(ids.first == 6 && ids.last == 7 && ids.allSatisfy { $0 >= 0 && $0 < 200 })
        }
    }

    @Test("gives the same ids from many tasks at once")
    func concurrency() async {
        let texts = (0..<200).map { "the cat \($0) sat unhappiness 中国 é\($0 % 7)" }
        let expected = texts.map { tiny.encode($0) }
        let tokenizer = tiny
        await withTaskGroup(of: [[Int32]].self) { group in
            for _ in 0..<8 { group.addTask { texts.map { tokenizer.encode($0) } } }
            for await ids in group { #expect(ids == expected) }
        }
    }

    @Test("ignores what the file says of truncation and padding", .enabled(if: SharedData.hasMiniLM))
    func truncationIgnored() throws {
        let tokenizer = try Tokenizer(path: Recordings.miniLMPath)
        #expect(tokenizer.vocabularySize == 30_522)
        #expect(tokenizer.idBound == 30_522)
        #expect(tokenizer.encode("hello") == [101, 7592, 102])
        #expect(tokenizer.encode(String(repeating: "hello ", count: 300)).count == 302)
    }

    @Test("reads a file that does not name the model's type, as old files do not")
    func untypedModel() throws {
        let json = try Recordings.tiny { file in
            var model = file["model"]?.objectValue ?? [:]
            model["type"] = nil
            file["model"] = .object(model)
        }
        let tokenizer = try Recordings.tokenizer(json.serialized(pretty: false), in: TemporaryFolder())
        #expect(tokenizer.encode("the cat") == tiny.encode("the cat"))
    }

    @Test("needs no more than a model")
    func smallest() throws {
        let tokenizer = try Recordings.tokenizer(
            """
            {"model": {"unk_token": "?", "continuing_subword_prefix": "+", "max_input_chars_per_word": 9,
             "vocab": {"?": 5, "ab": 2, "+c": 3}}}
            """, in: TemporaryFolder())
        #expect(tokenizer.encode("abcc") == [2, 3, 3])
        #expect(tokenizer.encode("abcd") == [5])
        #expect(tokenizer.encode("") == [])
        #expect(tokenizer.vocabularySize == 3)
        #expect(tokenizer.idBound == 6)
        #expect(tokenizer.token(of: 4) == nil)
        #expect(tokenizer.encode("ab", pairedWith: "abc") == PairEncoding(ids: [2, 2, 3], typeIDs: [0, 1, 1]))
    }
}
