import ArgumentParser
import Attune

struct AdapterCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Hold an adapter against its base model.",
        discussion: """
            Names and shapes, layers that the configuration targets and the file lacks, layers without a part in a text's \
            vector, changes that are zero, values that are not numbers; of a run folder also whether this is the base that \
            it was trained on, by the weights' digest. Exits with 2 where it finds something.
            """)

    @Argument(help: ArgumentHelp("The adapter.", valueName: "dir")) var adapter: String
    @OptionGroup var base: BaseOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        let loaded = try LowRankAdapter(path: adapter)
        let folder = try base.folder(of: loaded)
        let other = try BaseOption.otherBase(of: adapter, than: folder)
        let model = try EmbeddingModel(folder)
        let check = AdapterCheck(loaded, modules: model.linearModules, weights: try folder.tensors())
        let findings = (other.map { [$0] } ?? []) + check.findings
        if printing.json {
            Console.print([
                "path": .string(adapter), "base": .string(folder.path), "ok": .bool(findings.isEmpty),
                "findings": .array(
                    findings.map { ["kind": .string($0.kind), "message": .string($0.description)] }),
            ])
        } else {
            findings.forEach { Console.print($0.description) }
            Console.print(
                findings.isEmpty
                    ? "\(adapter) fits \(folder.path): \(loaded.summary)"
                    : "\(findings.count) found on \(adapter) with \(folder.path)")
        }
        if !findings.isEmpty { throw Failure.no }
    }
}
