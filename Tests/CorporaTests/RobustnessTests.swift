import Files
import Testing

@testable import Corpora

@Suite("Documents of any bytes")
struct RobustnessTests {
    /// Checks what holds for every document, however broken.
    private func check(_ bytes: [UInt8], _ format: DocumentFormat, _ context: String) {
        let document = format.read(bytes)
        var end = 0
        for block in document.blocks {
            #expect(block.range.lowerBound >= end, "\(context): blocks overlap")
            #expect(block.range.upperBound <= bytes.count, "\(context): a block ends outside of the source")
            #expect(!block.text.isEmpty, "\(context): an empty block")
            #expect(String(validating: block.text.bytes, as: UTF8.self) != nil, "\(context): text is not UTF-8")
            end = block.range.upperBound
        }
        let page = DocumentationPage(bytes, path: "x", format: format)
        end = 0
        for passage in page.passages {
            let range = passage.byteRange ?? 0..<0
            #expect(range.lowerBound >= end, "\(context): passages overlap")
            #expect(!range.isEmpty && range.upperBound <= bytes.count, "\(context): \(range) is no range of the source")
            #expect(!passage.text.isEmpty)
            end = range.upperBound
        }
    }

    @Test("every beginning of a page is read", arguments: Fixtures.pages)
    func truncation(page: String) throws {
        let bytes = try Fixtures.bytes(page)
        // A page of its own for each length takes long in debug builds: the small ones are read at every byte.
        for length in stride(from: 0, through: bytes.count, by: bytes.count > 2000 ? 3 : 1) {
            check(Array(bytes[..<length]), Fixtures.format(page), "\(page) cut at \(length)")
        }
    }

    @Test("pages with flipped bytes are read", arguments: Fixtures.pages)
    func flippedBytes(page: String) throws {
        let original = try Fixtures.bytes(page)
        var random = SeededGenerator(seed: 7)
        for round in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            check(bytes, Fixtures.format(page), "\(page), round \(round)")
        }
    }

    @Test("a page is read in every format", arguments: Fixtures.pages)
    func wrongFormat(page: String) throws {
        let bytes = try Fixtures.bytes(page)
        for format in DocumentFormat.allCases { check(bytes, format, "\(page) as \(format)") }
    }

    @Test("noise is read in every format", arguments: DocumentFormat.allCases)
    func noise(format: DocumentFormat) {
        var random = SeededGenerator(seed: 11)
        let alphabet = Array("<>/=&;#\"'!-[]()`*_~|:. \n\t\\{}+,ab1.TPSHIdt\u{e9}".utf8) + [0, 0xFF, 0xC3, 0xE2, 0x80]
        for round in 0..<300 {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in alphabet.randomElement(using: &random)!
            }
            check(bytes, format, "\(format) noise, round \(round)")
        }
    }

    @Test("a passage's range, read again, has the passage's words", arguments: Fixtures.pages)
    func ranges(page: String) throws {
        let bytes = try Fixtures.bytes(page)
        let format = Fixtures.format(page)
        for longest in [200, 60, 25] {
            var options = PassageOptions()
            options.longestPassage = longest
            let passages = DocumentationPage(bytes, path: page, format: format, options: options).passages
            #expect(!passages.isEmpty)
            for passage in passages {
                let range = try #require(passage.byteRange)
                #expect(words(format.text(of: bytes, in: range)) == words(passage.text), "\(passage.id) \(range)")
            }
        }
    }

    @Test("a passage's range needs nothing of the page around it in HTML", arguments: ["settings.html", "index.html"])
    func htmlFragments(page: String) throws {
        let bytes = try Fixtures.bytes(page)
        for passage in DocumentationPage(bytes, path: page, format: .html).passages {
            let fragment = Array(bytes[try #require(passage.byteRange)])
            #expect(words(DocumentFormat.html.text(of: fragment)) == words(passage.text))
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
