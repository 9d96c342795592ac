import ArgumentParser
import Attune

struct AdapterExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an adapter for other tools.",
        discussion: """
            peft: the two files of a PEFT folder. merged: a sentence-transformers folder with the adapter in its weights. \
            sentence-transformers: such a folder with the adapter beside the tokenizer, in place of the weights; it is loaded \
            with the base that the adapter names, so give a hub name with -M where the result will be moved.
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case peft
        case merged
        case sentenceTransformers = "sentence-transformers"
    }

    @Argument(help: ArgumentHelp("The adapter.", valueName: "dir")) var adapter: String
    @Option(name: .customLong("as"), help: "What is written.") var format: Format
    @OptionGroup var base: BaseOption
    @OptionGroup var threading: ThreadOptions
    @OptionGroup var result: ResultOptions

    func run() throws {
        threading.apply()
        try result.check()
        var adapter = try LowRankAdapter(path: adapter)
        let (output, force) = (result.output, result.force.force)
        switch format {
        case .peft:
            if base.model != nil {
                adapter.configuration.baseModel = try base.verifiedFolder(of: adapter, at: self.adapter).nameOrPath
            }
            try adapter.write(to: output, force: force)
        case .merged:
            try MergedModel(base: base.verifiedFolder(of: adapter, at: self.adapter), adapter: adapter).write(
                to: output, force: force)
        case .sentenceTransformers:
            let folder = try base.verifiedFolder(of: adapter, at: self.adapter)
            adapter.configuration.baseModel = folder.nameOrPath
            try adapter.writeSentenceTransformersFolder(to: output, base: folder, force: force)
        }
        result.print(
            adapter.figures.merging([
                "format": .string(format.rawValue),
                "base": adapter.configuration.baseModel.map { .string($0) } ?? .null,
            ]) { $1 }, line: "\(self.adapter) as \(format.rawValue), \(adapter.summary)")
    }
}
