import Testing

@testable import Tokenization

@Suite("Components")
struct ComponentTests {
    @Test("a byte string table finds its keys and nothing else, short and long ones")
    func table() {
        // From nothing to 50 bytes: beyond 16 a key lies outside of the table's slots.
        let keys = (0..<5000).map { Array(repeatElement(String($0, radix: 3), count: 1 + $0 % 6).joined().utf8) }
        let table = ByteStringTable(keys.enumerated().map { ($0.element, Int32($0.offset)) })
        var first: [[UInt8]: Int32] = [:]
        for (place, key) in keys.enumerated() where first[key] == nil { first[key] = Int32(place) }
        #expect(table.count == first.count)
        #expect(table.maximumLength == keys.map(\.count).max())
        for key in keys {
            #expect(table.value(of: key.span) == first[key])
            for other in [key + [0], key.dropLast(), [0] + key] where first[Array(other)] == nil {
                #expect(table.value(of: Array(other).span) == -1)
            }
        }
        #expect(table.value(of: [UInt8]().span) == -1)
        #expect(table.value(of: ([0] as [UInt8]).span) == -1)
    }

    @Test("a byte string table keeps the first value of a key, and takes the empty key")
    func repeatedKey() {
        let long = [UInt8](repeating: 7, count: 40)
        let table = ByteStringTable([([1, 2], 7), ([1, 2], 8), ([], 9), (long, 10), (long, 11)])
        #expect(table.value(of: ([1, 2] as [UInt8]).span) == 7)
        #expect(table.value(of: [UInt8]().span) == 9)
        #expect(table.value(of: long.span) == 10)
        #expect(table.count == 3)
        #expect(ByteStringTable([]).value(of: long.span) == -1)
    }

    @Test("a scalar that is none has no properties and no mappings", arguments: [0xD800, 0x11_0000, .max] as [UInt32])
    func noScalar(_ scalar: UInt32) {
        #expect(UnicodeData.properties(of: scalar) == [])
        #expect(UnicodeData.decomposition(of: scalar) == [])
        #expect(UnicodeData.lowercase(of: scalar) == [])
    }

    @Test("a character is decoded forward and backward, and written again", arguments: 0..<17)
    func decoding(plane: UInt32) {
        for value in plane << 16..<(plane + 1) << 16 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array("a\(scalar)b".utf8)
            let span = bytes.span
            let (forward, length) = span.character(at: 1)
            let (backward, back) = span.character(endingAt: bytes.count - 1)
            var written: [UInt8] = []
            written.append(scalar: value)
            let isRight =
                forward == value && backward == value && length == bytes.count - 2 && back == length
                && written == Array(bytes[1..<bytes.count - 1])
            if !isRight { Issue.record("U+\(String(value, radix: 16))") }
        }
    }

    @Test("a word is the longest tokens from its start, unless a rest is left")
    func wordPiece() throws {
        let tokens = [
            "?": 0, "un": 1, "una": 2, "##able": 3, "##ble": 4, "##a": 5, "unable": 6, "##bl": 7, "é": 8, "##é": 9,
        ]
        let model = WordPiece(
            vocabulary: try Vocabulary(tokens), unknownID: 0, continuingPrefix: "##", maximumWordLength: 8)
        let expected: [String: [Int32]] = [
            "unable": [6], "unaable": [2, 3], "unaa": [2, 5], "unble": [1, 4], "unabl": [2, 7], "unx": [0], "able": [0],
            "éé": [8, 9], "é": [8], "éé\u{301}": [0], "éééééééé": [8, 9, 9, 9, 9, 9, 9, 9], "ééééééééé": [0],
            "unaaaaaa": [2, 5, 5, 5, 5, 5], "unaaaaaaa": [0], "##a": [5],
        ]
        for (word, ids) in expected { #expect(self.ids(of: [word], model) == ids, "\(word)") }
        #expect(ids(of: ["unx", "una", "un"], model) == [0, 2, 1])
    }

    @Test("a word whose token is cut inside a character is unknown")
    func characterBoundary() throws {
        // U+00E9 is C3 A9 and U+00EA is C3 AA: they share their first byte.
        let model = WordPiece(
            vocabulary: try Vocabulary(["?": 0, "é": 1]), unknownID: 0, continuingPrefix: "##", maximumWordLength: 9)
        #expect(ids(of: ["ê"], model) == [0])
        #expect(ids(of: ["é"], model) == [1])
    }

    @Test("a vocabulary may have gaps and the empty token")
    func vocabulary() throws {
        let vocabulary = try Vocabulary(["a": 3, "": 0, "bc": 70])
        #expect(vocabulary.count == 3)
        #expect(vocabulary.idBound == 71)
        #expect(vocabulary.token(of: 70) == "bc")
        #expect(vocabulary.token(of: 0) == "")
        #expect(vocabulary.token(of: 1) == nil)
        #expect(vocabulary.id(of: "bc") == 70)
    }

    @Test("canonical order is kept for marks that are not dropped, over all that is dropped between")
    func order() {
        let normalizer = BertNormalizer(
            cleansText: true, separatesIdeographs: true, stripsAccents: true, lowercases: true)
        // U+1D165 has class 216, U+09CD is dropped, U+302E has class 224, U+0F39 is dropped.
        #expect(normalized("X\u{302E}\u{9CD}\u{200B}\u{1D165}Y", normalizer) == "x\u{1D165}\u{302E}y")
        #expect(normalized("\u{302E}\u{1D165}", normalizer) == "\u{1D165}\u{302E}")
        #expect(normalized("\u{302E}\u{1}\u{1D165}", normalizer) == "\u{1D165}\u{302E}")
        #expect(normalized("\u{302E} \u{1D165}", normalizer) == "\u{302E} \u{1D165}")
        #expect(normalized("\u{302E}中\u{1D165}", normalizer) == "\u{302E} 中 \u{1D165}")
        #expect(
            normalized("\u{1D165}\u{1D16D}\u{302E}\u{302F}\u{302E}", normalizer).unicodeScalars.map(\.value) == [
                0x1D165, 0x302E, 0x302F, 0x302E, 0x1D16D,
            ])
    }

    private func ids(of words: [String], _ model: WordPiece) -> [Int32] {
        var text = SplitText(bytes: [], words: [])
        for word in words {
            let start = text.bytes.count
            text.bytes.append(contentsOf: word.utf8)
            text.words.append(start..<text.bytes.count)
        }
        var ids: [Int32] = []
        model.appendIDs(of: text, to: &ids, limit: .max)
        return ids
    }

    private func normalized(_ text: String, _ normalizer: BertNormalizer) -> String {
        var bytes: [UInt8] = []
        normalizer.normalize(text.utf8.span, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
