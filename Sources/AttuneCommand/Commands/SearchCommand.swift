import ArgumentParser
import Attune

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find the passages nearest to a text; each names its source and bytes.")

    @Argument(help: "The collection's folder.") var index: String
    @Argument(help: "What to look for.") var text: String
    @Option(name: .short, help: "How many passages.") var k = 10
    @Flag(help: "Say how the collection was searched, and what that promises.") var explain = false
    @OptionGroup var model: ModelOptions
    @OptionGroup var engine: EngineOptions
    @OptionGroup var printing: OutputOptions

    func validate() throws {
        if k < 1 { throw ValidationError("-k is \(k); it must be at least 1") }
    }

    func run() throws {
        engine.apply()
        let collection = try Collection(path: index)
        let identity = collection.identity
        // A collection remembers both; flags override what has moved.
        let encoder = try Models.load(
            model: model.model ?? identity.model, adapter: model.adapter ?? identity.adapter, engine,
            quiet: printing.quiet
        ).encoder
        let hits = try TextCollection(collection, encoder: encoder).search(text, k: k)
        if printing.json {
            let info = try collection.info()
            Console.print([
                "query": .string(text), "hits": .array(hits.enumerated().map(Self.json)),
                "structure": .string(info.structure.rawValue),
                "guarantee": (hits.first?.guarantee ?? info.guarantee).jsonValue,
            ])
        } else {
            hits.enumerated().forEach(Self.show)
            if explain { try Self.explain(collection.info()) }
        }
    }

    private static func json(_ rank: Int, _ hit: Hit) -> JSONValue {
        let passage = hit.passage
        var fields: [String: JSONValue] = [
            "rank": .integer(Int64(rank + 1)), "score": .number(Double(hit.score)), "id": .string(passage.id),
            "title": .string(passage.displayTitle), "text": .string(passage.text),
            "metadata": .object(passage.metadata),
        ]
        if let source = passage.source { fields["source"] = .string(source) }
        if let range = passage.byteRange {
            fields["start"] = .integer(Int64(range.lowerBound))
            fields["end"] = .integer(Int64(range.upperBound))
        }
        return .object(fields)
    }

    private static func explain(_ info: CollectionInfo) {
        let how = info.structure == .exact ? "all of them" : "by \(info.structure.phrase)"
        Console.print("searched \(info.count) passages, \(how): \(info.guarantee)")
    }

    private static func show(_ rank: Int, _ hit: Hit) {
        let passage = hit.passage
        let title = passage.displayTitle
        Console.print("\(rank + 1). \(Console.fixed(Double(hit.score), 3))  \(title.isEmpty ? passage.id : title)")
        if let source = passage.source {
            Console.print(
                "   " + source + (passage.byteRange.map { ", bytes \($0.lowerBound)–\($0.upperBound)" } ?? ""))
        }
        Console.print("   " + Tables.snippet(passage.text))
    }
}
