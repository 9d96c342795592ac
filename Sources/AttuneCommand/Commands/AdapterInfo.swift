import ArgumentParser
import Attune

struct AdapterInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Rank, targets and size of an adapter, and how much it changes, layer by layer.",
        discussion: """
            For each changed layer: the norm of the change (Frobenius), that of the base weight and the first as a part of \
            the second, where the base is at hand; and how many directions the change really uses: the effective rank by \
            the entropy of its singular values, and the stable rank, the squared norm over the largest squared value.
            """)

    @Argument(help: ArgumentHelp("The adapter.", valueName: "dir")) var adapter: String
    @OptionGroup var base: BaseOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        let adapter = try LowRankAdapter(path: adapter)
        let folder = try base.folderIfPresent(of: adapter, quiet: printing.quiet)
        let summary = try AdapterSummary(adapter, base: folder)
        printing.json ? Console.print(json(adapter, summary)) : printTable(adapter, summary)
    }

    private func fields(_ adapter: LowRankAdapter) -> [(String, JSONValue)] {
        let configuration = adapter.configuration
        let targets: JSONValue =
            switch configuration.targets {
            case .names(let names): .array(names.map { .string($0) })
            case .pattern(let pattern): .string(pattern)
            case .allLinear: "all-linear"
            }
        return [
            ("path", .string(self.adapter)),
            ("base", configuration.baseModel.map { .string($0) } ?? .null),
            ("variant", .string(configuration.useDoRA ? "dora" : configuration.useRSLoRA ? "rslora" : "lora")),
            ("rank", .integer(Int64(configuration.rank))),
            ("alpha", .number(configuration.alpha)),
            ("targets", targets),
            ("biases", .integer(Int64(adapter.biases.count))),
            ("modules", .integer(Int64(adapter.names.count))),
            ("parameters", .integer(Int64(adapter.parameterCount))),
        ]
    }

    private func json(_ adapter: LowRankAdapter, _ summary: AdapterSummary) -> JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        var document = Dictionary(uniqueKeysWithValues: fields(adapter))
        document["norm"] = number(summary.norm)
        document["layers"] = .array(
            summary.modules.map { module in
                [
                    "name": .string(module.name), "rank": .integer(Int64(module.rank)),
                    "scaling": .number(Double(module.scaling)), "norm": number(module.norm),
                    "base_norm": number(module.baseNorm), "share": number(module.share),
                    "entropy_rank": .number(module.spectrum.entropyRank),
                    "stable_rank": .number(module.spectrum.stableRank),
                    "singular_values": .array(module.spectrum.values.map { .number(Double($0)) }),
                ]
            })
        return .object(document)
    }

    private func printTable(_ adapter: LowRankAdapter, _ summary: AdapterSummary) {
        Tables.fields(fields(adapter).filter { !$0.1.isNull }).forEach(Console.print)
        let width = (summary.modules.map(\.name.count).max() ?? 0) + 2
        Console.print("")
        Console.print(
            Tables.pad("layer", width) + Self.columns(["rank", "change", "base", "share", "entropy", "stable"]))
        for module in summary.modules {
            func text(_ value: Double?, _ digits: Int) -> String { value.map { Console.fixed($0, digits) } ?? "-" }
            Console.print(
                Tables.pad(module.name, width)
                    + Self.columns([
                        "\(module.rank)", text(module.norm, 4), text(module.baseNorm, 2),
                        module.share.map { Console.fixed(100 * $0, 2) + " %" } ?? "-",
                        text(module.spectrum.entropyRank, 1), text(module.spectrum.stableRank, 1),
                    ]))
        }
        if let norm = summary.norm { Console.print("all layers: a change of norm \(Console.fixed(norm, 4))") }
    }

    private static func columns(_ texts: [String]) -> String {
        texts.map { Tables.pad($0, 10) }.joined().trimmingEnd()
    }
}
