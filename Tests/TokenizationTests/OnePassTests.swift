import Files
import TestSupport
import Testing

@testable import Tokenization

#if canImport(Glibc)
    import Glibc
#endif

/// Settings of the BERT family's components.
private struct Settings: CustomTestStringConvertible, Sendable {
    var cleans = true
    var separates = true
    var strips = true
    var lowercases = true
    var prefix = "##"
    var maximumWordLength = 100
    /// Added tokens: nothing, plain ones, ones with flags, ones that begin with letters and with what is not ASCII.
    var added = 1

    var testDescription: String {
        "cleans \(cleans), separates \(separates), strips \(strips), lowercases \(lowercases), prefix '\(prefix)', "
            + "words of \(maximumWordLength), added tokens \(added)"
    }

    static let all: [Settings] =
        (0..<16).map { bits in
            Settings(
                cleans: bits & 1 == 0, separates: bits & 2 == 0, strips: bits & 4 == 0, lowercases: bits & 8 == 0,
                added: bits % 4)
        } + (0..<4).map { Settings(added: $0) }
        + [0, 1, 5, 15, 16, 255].map { Settings(maximumWordLength: $0) }
        + [Settings(prefix: ""), Settings(prefix: "un"), Settings(prefix: "é")]

    /// With a vocabulary in which tokens of every length overlap each other.
    func tokenizer() throws -> Tokenizer {
        var tokens: [String] = ["[UNK]", "[CLS]", "[SEP]"]
        let words = TextMaker.fragments + ["a", "b", "c", "ab", "abc", "un", "able", "é", "e", "中", "가", "ᄀ", "👍"]
        for word in words + ["l" + String(repeating: "o", count: 40) + "ng", "0123456789abcdef", "0123456789abcdefg"] {
            for token in [word, prefix + word, prefix + String(word.suffix(2))] where !tokens.contains(token) {
                tokens.append(token)
            }
        }
        for byte in 33..<127 where byte % 5 != 0 {
            let token = String(Unicode.Scalar(UInt8(byte)))
            if !tokens.contains(token) { tokens.append(token) }
        }
        // Tokens that Swift takes for equal are two here, and one in a dictionary.
        let ids = Dictionary(
            tokens.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let vocabulary = try Vocabulary(ids)
        let normalizer = BertNormalizer(
            cleansText: cleans, separatesIdeographs: separates, stripsAccents: strips, lowercases: lowercases)
        let model = WordPiece(
            vocabulary: vocabulary, unknownID: 0, continuingPrefix: prefix, maximumWordLength: maximumWordLength)
        let contents = [[], ["[MASK]", "[MASK]!", "<s>"], ["<s>", "[x]", " [y]"], ["ab", "é<", "[MASK]", "中"]][added]
        let addedTokens = contents.enumerated().map { place, content in
            AddedToken(
                id: 500 + place, content: content, isSingleWord: added == 2, stripsLeft: added == 2 && place > 0,
                stripsRight: added == 2, isNormalized: false)
        }
        return Tokenizer(
            normalizer: normalizer, preTokenizer: BertPreTokenizer(), model: model,
            postProcessor: PostProcessor(
                single: Template([.ids([1], typeID: 0), .first(typeID: 0), .ids([2, 2], typeID: 0)]), pair: .pair),
            addedVocabulary: AddedVocabulary(addedTokens, vocabulary: vocabulary, normalizer: normalizer))
    }
}

/// Makes texts out of what tokenizers stumble over, the same for a seed.
private struct TextMaker: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    static let fragments = [
        "ab", "ba", "abc", "un", "able", "UNable", "x", "Zz", "0123456789abcdef", "0123456789abcde", "9", "naïve",
        "loooooooooooooooooooooooooooooooooooooooooooong", "ÅNGSTRÖM", "été", "ǅ", "İ", "ß", "Σς", "中", "中国", "日本",
        "가각", "한글", "ﬁ", "नमस्ते", "ไทย", "👍🏽", "e\u{301}", "\u{1D160}", "\u{F900}", "\u{2F800}",
    ]

    private static let marks: [UInt32] = [
        0x300, 0x301, 0x323, 0x302E, 0x302F, 0x1D165, 0x1D16D, 0x9CD, 0x334, 0x345, 0xF39, 0x5B0, 0x1D166, 0x93E,
    ]

    private static let others = [
        " ", " ", " ", "  ", "\t", "\n", "\u{A0}", "\u{2003}", "\u{3000}", "\0", "\u{1}", "\u{7F}", "\u{200B}",
        "\u{FEFF}",
        "\u{FFFD}", ".", ",", "-", "'", "[", "]", "[MASK]", "[MASK", "<s>", " [y]", "[x]", "é<", "。", "、", "—", "¿",
        "$",
    ]

    mutating func text(pieces: Int) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<pieces {
            switch Int.random(in: 0..<12, using: &self) {
            case 0..<5: text.append(contentsOf: Self.fragments.randomElement(using: &self)!.unicodeScalars)
            case 5..<9: text.append(contentsOf: Self.others.randomElement(using: &self)!.unicodeScalars)
            case 9: text.append(Unicode.Scalar(Self.marks.randomElement(using: &self)!)!)
            case 10: text.append(Unicode.Scalar(UInt8.random(in: 0..<128, using: &self)))
            default:
                if let scalar = Unicode.Scalar(UInt32.random(in: 0x80..<0x3_0000, using: &self)) { text.append(scalar) }
            }
        }
        return String(text)
    }
}

@Suite("One pass over the text")
struct OnePassTests {
    @Test("gives the ids that the stages give one after the other, with any setting", arguments: Settings.all)
    fileprivate func settings(_ settings: Settings) throws {
        let tokenizer = try settings.tokenizer()
        try #require(tokenizer.onePass != nil)
        let byStages = tokenizer.byStages()
        try #require(byStages.onePass == nil)
        var maker = TextMaker(seed: 1)
        for number in 0..<3000 {
            let text = maker.text(pieces: 1 + number % 40)
            let expected = byStages.encode(text)
            #expect(tokenizer.encode(text) == expected, "\(text.debugDescription)")
            let limit = Int.random(in: 0...expected.count, using: &maker)
            for addsSpecial in [true, false] {
                let cut = tokenizer.encode(text, maxLength: limit, addingSpecialTokens: addsSpecial)
                #expect(cut == byStages.encode(text, maxLength: limit, addingSpecialTokens: addsSpecial))
            }
        }
    }

    @Test("gives the same ids for long texts, whatever their tokens are", arguments: 0..<4)
    func longTexts(added: Int) throws {
        let tokenizer = try Settings(added: added).tokenizer()
        let byStages = tokenizer.byStages()
        var maker = TextMaker(seed: 2)
        let texts =
            [
                "!", "a ", "a!", "中", "ab", "[MASK]", "[MASK", "ab.un", " ", "\u{301}", "x", "é", "é<", "\u{1D15E}",
                "[x] ",
            ]
            .flatMap { text in [100, 255, 256, 257, 5000].map { String(repeating: text, count: $0) } }
            + (0..<20).map { _ in maker.text(pieces: 2000) }
        for text in texts {
            let expected = byStages.encode(text)
            if tokenizer.encode(text) != expected { Issue.record("\(text.prefix(20).debugDescription) …") }
            for limit in [3, 100, 256, 257, 258, 259, 260, 512, expected.count - 1] {
                let cut = tokenizer.encode(text, maxLength: limit)
                if cut != byStages.encode(text, maxLength: limit) {
                    Issue.record("\(text.prefix(20).debugDescription) … cut to \(limit)")
                }
            }
        }
    }

    @Test(
        "tells a word of the most characters from one with a character more", arguments: [0, 1, 15, 16, 17, 100, 255])
    func wordLengths(_ maximum: Int) throws {
        let tokenizer = try Settings(maximumWordLength: maximum).tokenizer()
        let byStages = tokenizer.byStages()
        for piece in ["a", "é", "中", "\u{1D4D0}", "x", "\u{1F600}"] {
            let counts = [1, 14, 15, 16, 17, 31, 32, 33, 254, 255, 256, 257, 1023, 1024, 1025, 5000]
            for count in counts + [maximum, maximum + 1, max(0, maximum - 1)] {
                for text in [
                    String(repeating: piece, count: count), "a" + String(repeating: piece, count: count) + " a",
                ] {
                    if tokenizer.encode(text) != byStages.encode(text) { Issue.record("\(count) of \(piece)") }
                }
            }
        }
    }

    @Test("leaves a text with more marks in a row than it can order to the stages", arguments: [63, 64, 65, 1000])
    func manyMarks(_ count: Int) throws {
        let tokenizer = try Settings(maximumWordLength: 255).tokenizer()
        let marks = String(repeating: "\u{302E}\u{1D165}", count: count / 2)
        for text in [marks, "ab" + marks + "c un", "[MASK]" + marks + "[MASK] ab"] {
            #expect(tokenizer.encode(text) == tokenizer.byStages().encode(text))
        }
    }

    @Test("is not made for components that do something else")
    func otherComponents() throws {
        let usual = try Settings().tokenizer()
        let long = WordPiece(
            vocabulary: usual.model.vocabulary, unknownID: 0, continuingPrefix: "##", maximumWordLength: 256)
        let negative = WordPiece(
            vocabulary: usual.model.vocabulary, unknownID: 0, continuingPrefix: "##", maximumWordLength: -1)
        let normalized = AddedVocabulary(
            [
                AddedToken(
                    id: 500, content: "X", isSingleWord: false, stripsLeft: false, stripsRight: false,
                    isNormalized: true)
            ], vocabulary: usual.model.vocabulary, normalizer: usual.normalizer)
        func onePass(
            normalizer: (any Normalizer)? = usual.normalizer, preTokenizer: (any PreTokenizer)? = BertPreTokenizer(),
            model: any SubwordModel = usual.model, added: AddedVocabulary = usual.addedVocabulary
        ) -> OnePassTokenizer? {
            Tokenizer(
                normalizer: normalizer, preTokenizer: preTokenizer, model: model, postProcessor: .none,
                addedVocabulary: added
            ).onePass
        }
        #expect(onePass() != nil)
        #expect(onePass(normalizer: nil) == nil)
        #expect(onePass(preTokenizer: nil) == nil)
        #expect(onePass(model: long) == nil)
        #expect(onePass(model: negative) == nil)
        #expect(onePass(added: normalized) == nil)
    }

    @Test("fits any template, one that has the text twice as well")
    func templates() throws {
        let usual = try Settings(added: 0).tokenizer()
        let pieces: [[Template.Piece]] = [
            [.first(typeID: 0)], [], [.ids([1], typeID: 0)], [.first(typeID: 0), .ids([1, 2], typeID: 0)],
            [.first(typeID: 0), .ids([2], typeID: 0), .first(typeID: 0)],
            [.ids([1], typeID: 0), .ids([2], typeID: 0), .first(typeID: 0)],
        ]
        let content = usual.encode("un ab", addingSpecialTokens: false)
        let expected = [
            content, [], [1], content + [1, 2], content + [2] + content, [1, 2] + content,
        ]
        for (pieces, expected) in zip(pieces, expected) {
            let tokenizer = Tokenizer(
                normalizer: usual.normalizer, preTokenizer: usual.preTokenizer, model: usual.model,
                postProcessor: PostProcessor(single: Template(pieces), pair: .pair),
                addedVocabulary: usual.addedVocabulary)
            #expect(tokenizer.encode("un ab") == expected)
            #expect(tokenizer.byStages().encode("un ab") == expected)
        }
    }

    @Test("survives bytes that are not UTF-8")
    func invalidBytes() throws {
        let tokenizer = try Settings(added: 3).tokenizer()
        var maker = TextMaker(seed: 3)
        for length in 0..<5000 {
            let bytes = (0..<length % 70).map { _ in
                Bool.random(using: &maker)
                    ? UInt8.random(in: 0x80...0xFF, using: &maker) : UInt8.random(in: 0...0xFF, using: &maker)
            }
            let ids = bytes.withUnsafeBufferPointer { tokenizer.encode(utf8: $0) }
            #expect(ids.first == 1 && ids.last == 2)
            #expect(ids.allSatisfy { (0..<504).contains($0) })
        }
    }

    @Test("never reads past the end of the text")
    func endOfText() throws {
        let tokenizer = try Settings(added: 3).tokenizer()
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let pages = try #require(mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(pages, 2 * page) }
        // Whoever touches the page behind the text dies.
        try #require(mprotect(pages + page, page, PROT_NONE) == 0)
        var maker = TextMaker(seed: 4)
        for number in 0..<5000 {
            var bytes = Array(maker.text(pieces: 1 + number % 9).utf8)
            // Cut anywhere, inside of characters and added tokens too.
            bytes.removeLast(Int.random(in: 0...min(4, bytes.count), using: &maker))
            let text = UnsafeMutableRawBufferPointer(start: pages + (page - bytes.count), count: bytes.count)
            text.copyBytes(from: bytes)
            let found = tokenizer.encode(utf8: UnsafeBufferPointer(text.assumingMemoryBound(to: UInt8.self)))
            #expect(found == bytes.withUnsafeBufferPointer { tokenizer.encode(utf8: $0) })
        }
    }

    @Test(
        "gives the ids that the stages give, on every line of a real corpus",
        .enabled(if: SharedData.hasMiniLM && SharedData.exists("textmix/passages_20k.txt")))
    func corpus() throws {
        let tokenizer = try Tokenizer(path: Recordings.miniLMPath)
        try #require(tokenizer.onePass != nil)
        let byStages = tokenizer.byStages()
        for (number, line) in try readLines(SharedData.folder + "/textmix/passages_20k.txt").enumerated() {
            let expected = byStages.encode(line)
            if tokenizer.encode(line) != expected { Issue.record("line \(number + 1)") }
            if tokenizer.encode(line, maxLength: 12) != byStages.encode(line, maxLength: 12) {
                Issue.record("line \(number + 1), cut")
            }
        }
    }
}
