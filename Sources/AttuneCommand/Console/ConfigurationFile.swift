import ArgumentParser
import Attune

/// A command that also takes its flags from a JSON file, named by `--config`.
protocol ConfigurableCommand: ParsableCommand {
    /// The flags that the file may hold, by their long names.
    static var configurableFlags: [String: ConfigurationFile.Kind] { get }
}

/// Flags in a file: an object of the flags' long names, such as `{"rank": 16, "batch-size": 64, "lr": 1e-3}`.
///
/// They are put in front of those of the command line, so that both are read by the same parser and of two the command
/// line's wins. `null` is as good as leaving the key out.
enum ConfigurationFile {
    /// What a flag takes.
    enum Kind {
        case text
        /// Texts separated by commas on the command line; in a file also an array.
        case texts
        /// Texts of a flag that may be given several times; in a file a text or an array. They stand only where the
        /// command line, which wins, does not have the flag, by its long or its short name.
        case repeatedTexts(short: Character)
        /// Numbers separated by commas on the command line; in a file also an array, or one number.
        case numbers
        case wholeNumber
        /// A whole number of up to 64 bits without a sign; JSON keeps only 63 of them, hence also in quotes.
        case seed
        case number
        /// A flag that is there or not.
        case onOff
        case choice([String])

        static func choice<Value: CaseIterable & RawRepresentable>(of type: Value.Type) -> Kind
        where Value.RawValue == String {
            .choice(type.allCases.map(\.rawValue))
        }
    }

    /// The arguments of the tool with those of the file that they name, where they name one.
    static func expand(_ arguments: [String], of root: any ParsableCommand.Type) throws -> [String] {
        let named = root.configuration.subcommands.first { $0.configuration.commandName == arguments.first }
        guard let command = named as? any ConfigurableCommand.Type, let path = path(in: arguments.dropFirst()) else {
            return arguments
        }
        return [arguments[0]] + (try read(path, command, line: arguments.dropFirst())) + arguments.dropFirst()
    }

    /// The last of several, as with every option. One that lacks its value is the parser's to refuse.
    private static func path(in arguments: ArraySlice<String>) -> String? {
        let options = Array(arguments.prefix { $0 != "--" })
        var path: String?
        for (index, argument) in options.enumerated() {
            if argument == "--config", index + 1 < options.count { path = options[index + 1] }
            if argument.hasPrefix("--config=") { path = String(argument.dropFirst("--config=".count)) }
        }
        return path
    }

    private static func read(
        _ path: String, _ command: any ConfigurableCommand.Type, line: ArraySlice<String>
    ) throws -> [String] {
        let document = try JSONValue.read(path)
        guard let members = document.objectValue else {
            throw CommandError("\(path): \(document.kind) was found, an object of flags was expected")
        }
        let flags = command.configurableFlags
        return try members.sorted { $0.key < $1.key }.flatMap { key, value -> [String] in
            guard let kind = flags[key] else {
                throw CommandError(
                    "\(path): '\(key)' is no flag that a file may hold; there are "
                        + flags.keys.sorted().joined(separator: ", "))
            }
            if value.isNull { return [] }
            guard let arguments = arguments(for: key, value, kind) else {
                let isNested = value.arrayValue != nil || value.objectValue != nil
                let found = isNested ? value.kind : value.serialized()
                throw CommandError("\(path): '\(key)' is \(found), \(expectation(of: kind)) was expected")
            }
            if case .repeatedTexts(let short) = kind, holds(line, key, short) { return [] }
            return arguments
        }
    }

    /// Whether the command line has a flag.
    private static func holds(_ line: ArraySlice<String>, _ key: String, _ short: Character) -> Bool {
        line.prefix { $0 != "--" }.contains {
            $0 == "--\(key)" || $0.hasPrefix("--\(key)=") || $0 == "-\(short)" || $0.hasPrefix("-\(short)=")
        }
    }

    /// The arguments; none for a flag that is off, nil for a value of another type.
    private static func arguments(for key: String, _ value: JSONValue, _ kind: Kind) -> [String]? {
        if case .repeatedTexts = kind {
            let texts = value.arrayValue.map { $0.map(\.stringValue) } ?? [value.stringValue]
            return texts.contains(nil) ? nil : texts.compactMap(\.self).map { "--\(key)=\($0)" }
        }
        return argument(for: key, value, kind).map { $0.isEmpty ? [] : [$0] }
    }

    /// The argument; an empty one for a flag that is off, nil for a value of another type.
    private static func argument(for key: String, _ value: JSONValue, _ kind: Kind) -> String? {
        let text: String? =
            switch kind {
            case .text: value.stringValue
            case .texts: value.stringValue ?? joined(value)
            case .numbers: value.stringValue ?? numbers(value)
            case .wholeNumber: value.intValue.map(String.init)
            case .seed: value.intValue.flatMap(UInt64.init(exactly:)).map(String.init) ?? seed(value)
            case .number: value.doubleValue.map { "\($0)" }
            case .choice(let names): value.stringValue.flatMap { names.contains($0) ? $0 : nil }
            case .onOff, .repeatedTexts: nil
            }
        if case .onOff = kind { return value.boolValue.map { $0 ? "--\(key)" : "" } }
        return text.map { "--\(key)=\($0)" }
    }

    private static func joined(_ value: JSONValue) -> String? {
        guard let elements = value.arrayValue else { return nil }
        let texts = elements.compactMap(\.stringValue)
        return texts.count == elements.count ? texts.joined(separator: ",") : nil
    }

    private static func numbers(_ value: JSONValue) -> String? {
        let elements = value.arrayValue ?? [value]
        let texts = elements.compactMap { $0.intValue.map { "\($0)" } ?? $0.doubleValue.map { "\($0)" } }
        return texts.count == elements.count ? texts.joined(separator: ",") : nil
    }

    private static func seed(_ value: JSONValue) -> String? {
        value.stringValue.flatMap { UInt64($0) }.map(String.init)
    }

    private static func expectation(of kind: Kind) -> String {
        switch kind {
        case .text: "a text"
        case .texts, .repeatedTexts: "a text or an array of texts"
        case .numbers: "a number or an array of numbers"
        case .wholeNumber: "a whole number"
        case .seed: "a whole number of 0 or more"
        case .number: "a number"
        case .onOff: "true or false"
        case .choice(let names): names.count == 1 ? "\"\(names[0])\"" : "one of " + names.joined(separator: ", ")
        }
    }
}
