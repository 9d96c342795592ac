import Files
import TestSupport
import Testing

@testable import Tokenization

@Suite("The vocabulary of a tokenizer.json")
struct VocabularyReadingTests {
    /// A whole file around the members of a vocabulary.
    private static func file(_ vocabulary: String) -> String {
        """
        {"version": "1.0", "added_tokens": [], "normalizer": {"type": "BertNormalizer", "clean_text": true,
         "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}, "other": [{"vocab": {"}": 1}}, "\\\\\\"{"],
         "pre_tokenizer": {"type": "BertPreTokenizer"}, "model": {"type": "WordPiece", "unk_token": "?", "list": [1, "]", -2e3],
         "vocab": \(vocabulary), "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}, "last": null}
        """
    }

    private static func write(_ text: String, in folder: TemporaryFolder) throws -> String {
        try folder.write(text, to: "tokenizer.json")
    }

    @Test(
        "is taken out of the file by itself in its usual form, spaces and escapes included",
        arguments: [
            "{\"?\":0,\"cat\":1,\"##s\":2}", "{ \"?\" : 0 ,\n\t\"cat\": 1,\r\n \"##s\":2 }",
            "{\"\\u003F\":0,\"c\\u0061t\":1,\"##\\u0073\":2}",
        ])
    func usualForm(_ vocabulary: String) throws {
        let folder = try TemporaryFolder()
        let path = try Self.write(Self.file(vocabulary), in: folder)
        let (file, found) = try TokenizerFile.read(path)
        #expect(found?.count == 3)
        guard case .wordPiece(let model) = file.model else {
            Issue.record("no WordPiece")
            return
        }
        #expect(model.vocabulary.isEmpty)
        #expect(try Tokenizer(path: path).encode("cats ? cat") == [1, 2, 0, 1])
    }

    @Test("has tokens of every character, written as it is or escaped")
    func escapes() throws {
        let folder = try TemporaryFolder()
        let characters: [(String, String)] = [
            ("\\\"", "\""), ("\\\\", "\\"), ("\\/", "/"), ("\\b", "\u{8}"), ("\\f", "\u{C}"), ("\\n", "\n"),
            ("\\r", "\r"),
            ("\\t", "\t"), ("\\u0000", "\0"), ("\\u00e9", "é"), ("\\u4E2D", "中"), ("\\ud83d\\uDC4D", "👍"), ("ü", "ü"),
            ("國", "國"), ("😀", "😀"), ("\u{7F}", "\u{7F}"), ("\\uFFFF", "\u{FFFF}"), ("", ""), ("e\\u0301", "e\u{301}"),
        ]
        let members = characters.enumerated().map { "\"\($0.element.0)\": \($0.offset + 1)" }
        let path = try Self.write(Self.file("{\"?\": 0, " + members.joined(separator: ", ") + "}"), in: folder)
        let vocabulary = try #require(try TokenizerFile.read(path).1)
        #expect(vocabulary.count == characters.count + 1)
        for (place, (_, token)) in characters.enumerated() {
            let found = try #require(vocabulary.token(of: Int32(place + 1)))
            #expect(Array(found.utf8) == Array(token.utf8))
            #expect(vocabulary.id(of: token) == Int32(place + 1))
        }
    }

    @Test("keeps tokens apart that differ in their normal form only")
    func normalForms() throws {
        let folder = try TemporaryFolder()
        let path = try Self.write(Self.file("{\"?\": 0, \"\u{E9}\": 1, \"e\u{301}\": 2}"), in: folder)
        let tokenizer = try Tokenizer(path: path)
        #expect(tokenizer.vocabularySize == 3)
        #expect(tokenizer.id(of: "\u{E9}") == 1)
        #expect(tokenizer.id(of: "e\u{301}") == 2)
    }

    @Test(
        "is left to the general reader where it is not of the usual form",
        arguments: [
            "[[\"?\", 0.5]]", "null", "{\"?\": 0.0}", "{\"?\": 0e0}", "{\"?\": 00}", "{\"?\": -0}", "{\"?\": 99999999}",
            "{\"?\": 123456789012}", "{\"?\": \"0\"}", "{\"?\": null}", "{\"?\": 0, \"?\": 1}", "{\"?\": 0, \"a\": 0}",
            "{\"?\": 0,}", "{\"?\" 0}", "{\"?\": 0 \"a\": 1}", "{\"?\": 0, \"\\ud800\": 1}", "{\"?\": 0, \"\\x\": 1}",
            "{\"?\": 0, \"\n\": 1}", "{\"?\": 0, a: 1}", "{\"?\": 0}, \"vocab\": {\"?\": 1}", "{\"?\": 0",
            "{\"?\": 0, \"",
        ])
    func unusualForm(_ vocabulary: String) throws {
        let folder = try TemporaryFolder()
        let path = try Self.write(Self.file(vocabulary), in: folder)
        if let read = try? TokenizerFile.read(path) { #expect(read.1 == nil) }
        try compare(path)
    }

    @Test("of which any byte is another gives the tokenizer or the message that the general reader gives")
    func everyByte() throws {
        let folder = try TemporaryFolder()
        let intact = """
            {"model": {"vocab": {"?": 0, "ab": 1, "##é": 12, "\\u00e9\\"": 3}, "type": "WordPiece", "unk_token": "?",
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 9}}
            """
        let bytes = Array(intact.utf8)
        for changed in HostileFiles.corruptions(of: bytes, in: bytes.indices) + HostileFiles.truncations(of: bytes) {
            try compare(folder.write(changed, to: "tokenizer.json"))
        }
    }

    @Test("is found behind a byte order mark as well")
    func byteOrderMark() throws {
        let folder = try TemporaryFolder()
        let path = try Self.write("\u{FEFF}" + Self.file("{\"?\": 0, \"cat\": 1}"), in: folder)
        #expect(try Tokenizer(path: path).encode("cat dog") == [1, 0])
    }

    /// Both ways to read a file must end in the same tokens or the same message.
    private func compare(_ path: String) throws {
        func outcome(_ load: () throws(TokenizationError) -> Tokenizer) -> String {
            do throws(TokenizationError) {
                let tokenizer = try load()
                let tokens = (0..<Int32(min(tokenizer.idBound, 300))).map { tokenizer.token(of: $0) ?? "-" }
                return "\(tokenizer.vocabularySize) \(tokenizer.idBound) \(tokens) \(tokenizer.encode("ab abé é\" ?"))"
            } catch {
                return error.description
            }
        }
        let found = outcome { () throws(TokenizationError) in try Tokenizer(path: path) }
        let expected = outcome { () throws(TokenizationError) in
            let file: TokenizerFile
            do throws(FilesError) { file = try decodeJSON(TokenizerFile.self, path: path) } catch { throw .file(error) }
            return try Tokenizer(file, nil, path: path)
        }
        #expect(found == expected)
    }
}
