import ArgumentParser
import Attune

struct ExportHeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-head",
        abstract: "Write a model with a head inside, as a folder that sentence-transformers loads.",
        discussion: """
            A head on queries becomes the query route of a Router: encode_query takes it, encode_document and encode do not. \
            Linear and low-rank heads are one Dense module, two layers are two.
            """)

    @Argument(help: ArgumentHelp("A head's folder, or a run of --method query-head.", valueName: "head")) var head:
        String
    @Option(
        name: [.customShort("M"), .long],
        help: ArgumentHelp("The base model (default: the one that the head names).", valueName: "ref"))
    var model: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("The model's folder.", valueName: "folder")) var output: String
    @OptionGroup var force: ForceOption

    func run() throws {
        try force.check(output)
        let folder = try HeadFolder(path: head)
        guard let reference = model ?? folder.baseModel else {
            throw ValidationError("\(head) names no base model: name it with -M")
        }
        guard folder.adapter == nil else {
            throw CommandError("\(head) sits on an adapter: merge that into a model first")
        }
        guard folder.side == .both || folder.target == folder.source else {
            throw CommandError("\(head) leads from one model's space into another's: no model embeds documents there")
        }
        let base = try ModelFolder(path: ModelReference.resolve(reference))
        // Checks that the head is for this model's vectors.
        _ = try TextEncoder(model: base).with(head: folder)
        try base.write(
            to: output, tail: folder.head.tail(for: folder.side, normalizes: base.normalizes), force: force.force)
        Console.print("\(output): \(reference) with a \(folder.head.kind.rawValue) head")
    }
}
