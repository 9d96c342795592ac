import Files
import TestSupport
import Testing

@testable import Corpora

@Suite("Questions on the manual")
struct QuestionsTests {
    private struct Question: Decodable {
        let question: String
        let page: String
        let section: String
    }

    /// The passages that `make demo` makes of the manual.
    private static let corpus = FileSystem.joined(AttuneHome.path, "demo/data/corpus.jsonl")

    private static func questions() throws -> [Question] {
        try decodeJSONLines(Question.self, path: SharedData.fixtures + "/corpora/questions.jsonl")
    }

    @Test("are thirty different ones, each with the page and the section that answer it")
    func complete() throws {
        let questions = try Self.questions()
        #expect(questions.count == 30)
        #expect(Set(questions.map(\.question)).count == 30)
        for question in questions {
            #expect(question.question.split(separator: " ").count >= 5, "\(question.question)")
            #expect(question.page.hasSuffix(".html") && !question.section.isEmpty)
            // Who copies the heading asks what training asks.
            #expect(!question.question.lowercased().contains(question.section.lowercased()))
        }
    }

    @Test(
        "name pages and sections that the manual has",
        .enabled(if: FileSystem.isFile(corpus), "make demo makes the passages of the manual"))
    func pagesExist() throws {
        var sections: [String: Set<String>] = [:]
        for passage in try decodeJSONLines(Passage.self, path: Self.corpus) {
            let title = passage.metadata["title"]?.stringValue ?? ""
            let parts = title.split(separator: " > ").map(String.init)
            sections[passage.source ?? "", default: []].formUnion(parts)
        }
        for question in try Self.questions() {
            #expect(
                sections[question.page]?.contains(question.section) ?? false, "\(question.page): \(question.section)")
        }
    }
}
