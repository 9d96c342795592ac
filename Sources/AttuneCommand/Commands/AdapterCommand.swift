import ArgumentParser
import Attune

struct AdapterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapter",
        abstract: "Look at adapters, merge, scale, combine, compare, compress and export them; bridge two of them.",
        discussion: """
            DIR is an adapter in the PEFT layout or a run folder of `attune train`. No command changes an adapter or a \
            model that is there: each writes a new one under the name given with -o.
            """,
        subcommands: [
            AdapterInfo.self, AdapterCheckCommand.self, AdapterMerge.self, AdapterUnmerge.self, AdapterScale.self,
            AdapterCombine.self, AdapterDistanceCommand.self, AdapterCompress.self, AdapterExport.self,
            ExportHeadCommand.self, BridgeCommand.self,
        ])
}

/// The base model of an adapter.
struct BaseOption: ParsableArguments {
    @Option(
        name: [.customShort("M"), .long],
        help: ArgumentHelp("The base model: a folder or a hub name (default: the adapter names it).", valueName: "ref"))
    var model: String?

    /// The base that the flag names, or the adapter.
    func folder(of adapter: LowRankAdapter) throws -> ModelFolder {
        guard let reference = model ?? adapter.configuration.baseModel else {
            throw ValidationError("name the base model with -M; the adapter does not")
        }
        let folder = try ModelFolder(path: ModelReference.resolve(reference))
        folder.warnings.forEach(Console.warn)
        return folder
    }

    /// The base, which must be the one that the adapter at a path was trained on, where its run says which that was.
    func verifiedFolder(of adapter: LowRankAdapter, at path: String) throws -> ModelFolder {
        let folder = try folder(of: adapter)
        if let finding = try Self.otherBase(of: path, than: folder) { throw CommandError("\(folder.path): \(finding)") }
        return folder
    }

    /// Whether a run was made on other weights than those of this base.
    static func otherBase(of adapter: String, than folder: ModelFolder) throws -> AdapterCheck.Finding? {
        let run = TrainingRun(path: adapter)
        guard FileSystem.isFile(run.recordPath), let expected = try run.record()["model"]?["weights"]?.stringValue
        else {
            return nil
        }
        let found = try folder.weightsDigest().hex
        return found == expected ? nil : .otherBase(expected: expected, found: found)
    }

    /// The base where it can be had: one that was asked for must be there, one that only the adapter names may be missing.
    func folderIfPresent(of adapter: LowRankAdapter, quiet: Bool) throws -> ModelFolder? {
        if model != nil { return try folder(of: adapter) }
        guard adapter.configuration.baseModel != nil else { return nil }
        do {
            return try folder(of: adapter)
        } catch {
            Console.note("without the base model: \(error)", quiet: quiet)
            return nil
        }
    }
}

/// Where a command's result goes.
struct ResultOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write.", valueName: "out")) var output: String
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    /// Refuses an output that is there already, before the work begins.
    func check() throws { try force.check(output) }

    /// Says what was written: one document, or a line for a person.
    func print(_ fields: [String: JSONValue] = [:], line: String) {
        if printing.json {
            Console.print(.object(fields.merging(["path": .string(output)]) { $1 }))
        } else {
            Console.print("\(output): \(line)")
        }
    }
}

extension LowRankAdapter {
    /// The fields of an adapter that a result speaks of.
    var figures: [String: JSONValue] {
        [
            "rank": .integer(Int64(pairs.map(\.rank).max() ?? 0)), "modules": .integer(Int64(names.count)),
            "parameters": .integer(Int64(parameterCount)),
        ]
    }

    /// The same in a line.
    var summary: String {
        let ranks = Set(pairs.map(\.rank)).sorted()
        let rank = ranks.count == 1 ? "rank \(ranks[0])" : "ranks \(ranks[0]) to \(ranks[ranks.count - 1])"
        return "\(rank) on \(names.count) modules, \(parameterCount) parameters"
    }
}

extension Console {
    /// Says so where adapters that are taken together name different models.
    static func warnOfDifferentBases(_ adapters: [LowRankAdapter]) {
        let bases = Set(adapters.compactMap(\.configuration.baseModel))
        if bases.count > 1 {
            warn("the adapters name different base models: \(bases.sorted().joined(separator: ", "))")
        }
    }
}

extension String {
    /// Without the blanks at the end that padding left.
    func trimmingEnd() -> String {
        String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)])
    }
}
