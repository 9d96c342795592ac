import ArgumentParser
import Attune

struct AdapterDistanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distance", abstract: "How far two adapters of one model are from each other, layer by layer.",
        discussion: """
            For each layer that both change: the norms of the two changes (Frobenius), and that of their difference as a \
            part of the larger one: 0 for equal changes, 141 % for unrelated ones of one size, 200 % for opposites. Then \
            the principal angles between the spaces that the changes write to (their columns) and those that they read \
            from (their rows): 0 degrees where a direction is shared, 90 where one stands upright on the other; shown are the least and \
            the mean. Layers that one alone changes count as changed by nothing in the other. Magnitudes (DoRA) have \
            no such spaces and are refused; trained biases are left out.
            """)

    @Argument(help: ArgumentHelp("An adapter.", valueName: "a")) var first: String
    @Argument(help: ArgumentHelp("Another one of the same model.", valueName: "b")) var second: String
    @OptionGroup var threading: ThreadOptions
    @OptionGroup var printing: OutputOptions

    func run() throws {
        threading.apply()
        let (one, two) = (try LowRankAdapter(path: first), try LowRankAdapter(path: second))
        Console.warnOfDifferentBases([one, two])
        let distance = try one.distance(to: two)
        printing.json ? Console.print(json(distance)) : printTable(distance)
    }

    private func json(_ distance: AdapterDistance) -> JSONValue {
        func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
        func names(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
        return [
            "a": .string(first), "b": .string(second), "norms": numbers(distance.norms),
            "difference": .number(distance.difference), "relative_difference": .number(distance.relativeDifference),
            "only_in_a": names(distance.onlyInFirst), "only_in_b": names(distance.onlyInSecond),
            "layers": .array(
                distance.modules.map { module in
                    [
                        "name": .string(module.name), "norms": numbers(module.norms),
                        "difference": .number(module.difference),
                        "relative_difference": .number(module.relativeDifference),
                        "column_angles": numbers(module.columnAngles), "row_angles": numbers(module.rowAngles),
                    ]
                }),
        ]
    }

    private func printTable(_ distance: AdapterDistance) {
        let width = (distance.modules.map(\.name.count).max() ?? 0) + 2
        func line(_ name: String, _ columns: [String]) {
            Console.print(Tables.pad(name, width) + columns.map { Tables.pad($0, 13) }.joined().trimmingEnd())
        }
        if !distance.modules.isEmpty { line("layer", ["norm of a", "norm of b", "difference", "written", "read"]) }
        for module in distance.modules {
            line(
                module.name,
                module.norms.map { Console.fixed($0, 4) } + [
                    Console.fixed(100 * module.relativeDifference, 2) + " %", Self.degrees(module.columnAngles),
                    Self.degrees(module.rowAngles),
                ])
        }
        for (names, adapter) in [(distance.onlyInFirst, first), (distance.onlyInSecond, second)] {
            for name in names { Console.print("\(name): only \(adapter) changes it") }
        }
        Console.print(
            "all layers: norms \(Console.fixed(distance.norms[0], 4)) and \(Console.fixed(distance.norms[1], 4)), "
                + "a difference of \(Console.fixed(100 * distance.relativeDifference, 2)) %")
    }

    /// The least angle and the mean, in degrees.
    private static func degrees(_ radians: [Double]) -> String {
        guard let least = radians.first else { return "-" }
        let mean = radians.reduce(0, +) / Double(radians.count)
        return [least, mean].map { Console.fixed($0 * 180 / .pi, 1) }.joined(separator: ", ")
    }
}
