import Files
import TestSupport
import Testing
import Tokenization

/// A change to the tiny tokenizer.json that makes it useless, and what is said of it behind the path.
private struct Damage: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let key: String
    let value: JSONValue?
    let message: String

    init(_ description: String, _ key: String, _ value: JSONValue?, _ message: String) {
        testDescription = description
        self.key = key
        self.value = value
        self.message = message
    }

    /// Puts the value where the key path says, or takes away what is there.
    func applied(to json: JSONValue) -> JSONValue {
        Damage.replace(json, key.split(separator: ".").map(String.init)[...], value)
    }

    private static func replace(_ json: JSONValue, _ path: ArraySlice<String>, _ value: JSONValue?) -> JSONValue {
        guard let key = path.first else { return value ?? .null }
        if var elements = json.arrayValue, let index = Int(key) {
            elements[index] = replace(elements[index], path.dropFirst(), value)
            return .array(elements)
        }
        var members = json.objectValue ?? [:]
        members[key] = path.count == 1 ? value : replace(members[key] ?? .object([:]), path.dropFirst(), value)
        return .object(members)
    }

    private static func added(_ content: String, id: Int64, normalized: Bool = false) -> JSONValue {
        [
            "id": .integer(id), "content": .string(content), "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": .bool(normalized), "special": true,
        ]
    }

    static let all = [
        Damage("another version", "version", "2.0", "version: '1.0' expected, '2.0' found"),
        Damage("no model", "model", nil, "key 'model' is missing"),
        Damage("a model that is text", "model", "WordPiece", "'model'"),
        Damage("a model without type and known keys", "model", [:], "key 'type' is missing in 'model'"),
        Damage("a model of another type", "model.type", "Unigram", "model: 'Unigram' is not implemented"),
        Damage("a BPE model without type", "model", ["merges": [], "vocab": [:]], "model: 'BPE' is not implemented"),
        Damage("no vocabulary", "model.vocab", nil, "key 'vocab' is missing in 'model'"),
        Damage("an empty vocabulary", "model.vocab", [:], "model.unk_token: token '[UNK]' is not in the vocabulary"),
        Damage("a vocabulary that is a list", "model.vocab", [["a", 1.0]], "'model.vocab'"),
        Damage("a negative id", "model.vocab.cat", -1, "token 'cat' has the id -1, expected 0 to 16777215"),
        Damage(
            "an enormous id", "model.vocab.cat", 4_294_967_295,
            "token 'cat' has the id 4294967295, expected 0 to 16777215"),
        Damage("an id that is no whole number", "model.vocab.cat", 1.5, "'model.vocab.cat': a whole number expected"),
        Damage("an id that is text", "model.vocab.cat", "1", "'model.vocab.cat': a whole number expected"),
        Damage("one id for two tokens", "model.vocab.cat", 41, "the id 41 is given to 'cat' and 'dog'"),
        Damage("no unknown token", "model.unk_token", nil, "key 'unk_token' is missing in 'model'"),
        Damage(
            "an unknown token that is not in the vocabulary", "model.unk_token", "<unk>",
            "model.unk_token: token '<unk>' is not in the vocabulary"),
        Damage(
            "no prefix", "model.continuing_subword_prefix", nil, "key 'continuing_subword_prefix' is missing in 'model'"
        ),
        Damage(
            "a negative word length", "model.max_input_chars_per_word", -1,
            "model.max_input_chars_per_word: a number of characters expected, -1 found"),
        Damage("an unknown normalizer", "normalizer", ["type": "NFKC"], "normalizer: 'NFKC' is not implemented"),
        Damage("a normalizer without type", "normalizer.type", nil, "normalizer: the key 'type' is missing"),
        Damage("a normalizer that is text", "normalizer", "NFC", "normalizer: an object expected, a string found"),
        Damage(
            "a flag that is a number", "normalizer.lowercase", 1,
            "normalizer.lowercase: true or false expected, a number found"),
        Damage("a missing flag", "normalizer.clean_text", nil, "normalizer: the key 'clean_text' is missing"),
        Damage(
            "a wrong optional flag", "normalizer.strip_accents", "no",
            "normalizer.strip_accents: true or false expected, a string found"),
        Damage(
            "an unknown pre-tokenizer", "pre_tokenizer", ["type": "Metaspace"],
            "pre_tokenizer: 'Metaspace' is not implemented"),
        Damage(
            "an unknown post-processor", "post_processor", ["type": "Sequence"],
            "post_processor: 'Sequence' is not implemented"),
        Damage(
            "a template without pieces", "post_processor.single", nil, "post_processor: the key 'single' is missing"),
        Damage(
            "a template of texts", "post_processor.single", ["[CLS]"],
            "post_processor.single[0]: 'SpecialToken' or 'Sequence' expected"),
        Damage(
            "a special token that is not defined", "post_processor.special_tokens.[SEP]", nil,
            "post_processor.single[2].SpecialToken: the special token '[SEP]' is not among special_tokens"),
        Damage(
            "a special token of an id that nothing has", "post_processor.special_tokens.[SEP].ids", [200],
            "post_processor: no token has the id 200"),
        Damage(
            "a special token of a negative id", "post_processor.special_tokens.[SEP].ids", [-7],
            "post_processor.special_tokens.[SEP].ids[0]: a token's id expected"),
        Damage(
            "a second text in the template of one", "post_processor.single.1", ["Sequence": ["id": "B", "type_id": 0]],
            "post_processor: 'single' refers to a second text"),
        Damage(
            "a third text", "post_processor.pair.1", ["Sequence": ["id": "C", "type_id": 0]],
            "post_processor.pair[1].Sequence: the sequence 'A' or 'B' expected, 'C' found"),
        Damage(
            "a negative type", "post_processor.pair.1", ["Sequence": ["id": "A", "type_id": -1]],
            "post_processor.pair[1].Sequence.type_id: a whole number from 0 to 2147483647 expected, a number found"),
        Damage(
            "BertProcessing without an id", "post_processor",
            ["type": "BertProcessing", "cls": ["[CLS]"], "sep": ["[SEP]", 7]],
            "post_processor.cls: a token and its id expected"),
        Damage(
            "BertProcessing with a wrong id", "post_processor",
            ["type": "BertProcessing", "cls": ["[CLS]", 6], "sep": ["[SEP]", 777]],
            "post_processor: no token has the id 777"),
        Damage(
            "an added token without flags", "added_tokens", [["id": 200, "content": "<x>"]], "'single_word' is missing"),
        Damage(
            "an added token with an id of its own", "added_tokens", [added("<x>", id: 300)],
            "added_tokens[0].id: '<x>' has the id 300, 200 expected"),
        Damage(
            "an added token with another id than in the vocabulary", "added_tokens", [added("cat", id: 200)],
            "added_tokens[0].id: 'cat' has the id 200, 40 expected"),
        Damage(
            "an added token that takes a token's id", "model.vocab.[unused9]", 200,
            "the id 200 is given to '[unused9]' and '<x>'"),
        Damage(
            "an added token of which nothing is left", "added_tokens", [added("\u{301}", id: 200, normalized: true)],
            "added_tokens[0].content: nothing is left of '\u{301}' when it is normalized"),
        Damage("added tokens that are an object", "added_tokens", [:], "'added_tokens': an array expected"),
    ]
}

@Suite("A tokenizer.json that cannot be used")
struct MalformedFileTests {
    @Test("is refused in one line that says what is wrong and where", arguments: Damage.all)
    fileprivate func damage(_ damage: Damage) throws {
        let folder = try TemporaryFolder()
        var intact = try JSONValue.read(Recordings.tinyPath)
        if damage.message.contains("'<x>'") && damage.key.hasPrefix("model") {
            intact = .object(
                (intact.objectValue ?? [:]).merging([
                    "added_tokens": [
                        [
                            "id": 200, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false,
                            "normalized": false, "special": true,
                        ]
                    ]
                ]) { $1 })
        }
        let json = damage.applied(to: intact).serialized(pretty: false)
        let message = try message(of: json, in: folder)
        #expect(message.hasPrefix(folder.path + "/tokenizer.json: "))
        #expect(message.contains(damage.message), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test(
        "is refused when it is no JSON object",
        arguments: ["", "{", "[]", "null", "\"text\"", "{\"model\": }", "\u{FEFF}", "{\"version\": 1}", "tokenizer"])
    func notJSON(_ text: String) throws {
        let folder = try TemporaryFolder()
        let message = try message(of: text, in: folder)
        // A line follows the path where the text is not JSON at all.
        #expect(message.hasPrefix(folder.path + "/tokenizer.json:"))
        #expect(!message.contains("\n"))
    }

    @Test("is refused when it is cut short anywhere")
    func cutShort() throws {
        let folder = try TemporaryFolder()
        let bytes = try readFile(Recordings.tinyPath)
        let end = try #require(bytes.lastIndex(of: UInt8(ascii: "}")))
        for count in stride(from: 0, through: end, by: max(1, end / 97)) {
            let path = try folder.write(Array(bytes[..<count]), to: "tokenizer.json")
            #expect(throws: TokenizationError.self) { try Tokenizer(path: path) }
        }
    }

    @Test("never traps when a byte of it is another")
    func changedBytes() throws {
        let folder = try TemporaryFolder()
        let bytes = try readFile(Recordings.tinyPath)
        var loaded = 0
        for place in stride(from: 0, to: bytes.count, by: 23) {
            var changed = bytes
            changed[place] = changed[place] &+ UInt8(1 + place % 200)
            let path = try folder.write(changed, to: "tokenizer.json")
            do throws(TokenizationError) {
                _ = try Tokenizer(path: path).encode("The cat, unhappiness [MASK] é")
                loaded += 1
            } catch {
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(loaded > 0)
    }

    @Test("is refused when it is absent or a folder")
    func absent() throws {
        let folder = try TemporaryFolder()
        for path in [folder.file("none.json"), folder.path] {
            let error = #expect(throws: TokenizationError.self) { try Tokenizer(path: path) }
            #expect(error?.description.contains(path) == true)
        }
    }

    private func message(of json: String, in folder: TemporaryFolder) throws -> String {
        let path = try folder.write(json, to: "tokenizer.json")
        let error = #expect(throws: TokenizationError.self) { try Tokenizer(path: path) }
        return try #require(error).description
    }
}
