import ArgumentParser
import Attune

struct AdapterScale: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Write an adapter at another strength.",
        discussion: "0 is the base model, 1 the adapter as it is, 0.5 half of its change, -1 its opposite.")

    @Argument(help: ArgumentHelp("The adapter.", valueName: "dir")) var adapter: String
    @Option(help: "The strength; it may be negative (--strength=-1).") var strength: Float
    @OptionGroup var result: ResultOptions

    func validate() throws {
        guard strength.isFinite else { throw ValidationError("--strength is \(strength); it must be a number") }
    }

    func run() throws {
        try result.check()
        let adapter = try LowRankAdapter(path: adapter)
        try adapter.requirePlain(for: "scaling")
        let scaled = strength == -1 ? try adapter.negated() : adapter.scaled(by: strength)
        guard scaled.matrices.values.allSatisfy({ sumOfSquares($0.b.view).isFinite }) else {
            throw CommandError("\(self.adapter): at a strength of \(strength) its values leave what a float can hold")
        }
        try scaled.write(to: result.output, force: result.force.force)
        result.print(
            adapter.figures.merging(["strength": .number(Double(strength))]) { $1 },
            line: "\(self.adapter) at strength \(strength), \(adapter.summary)")
    }
}
