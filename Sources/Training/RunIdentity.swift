internal import Files

/// What decides the bits of a run's result: settings, base model and data. A run is only resumed with the same.
struct RunIdentity: Sendable, Equatable, Codable {
    /// The settings under the names of the command line's flags.
    var settings: [String: JSONValue]
    /// Digests of the base model's parts.
    var model: [String: JSONValue]
    /// The digest and the size of the data.
    var data: [String: JSONValue]

    init(settings: [String: JSONValue], model: [String: JSONValue], data: [String: JSONValue]) {
        self.settings = settings.mapValues(\.canonical)
        self.model = model.mapValues(\.canonical)
        self.data = data.mapValues(\.canonical)
    }

    /// Refuses when this, of the run that is to go on, is not what was recorded at `path`. What the record says beyond
    /// it does not matter.
    func require(recorded: RunIdentity, at path: String) throws(TrainingError) {
        for (part, mine, theirs) in [
            ("the base model's", model, recorded.model), ("the data's", data, recorded.data),
            ("the setting", settings, recorded.settings),
        ] {
            // A setting that is off, and one that the version of the record did not know yet, are the same.
            for key in mine.keys.sorted() where (mine[key] ?? .null) != (theirs[key] ?? .null) {
                throw .resumeMismatch(
                    path: path, what: "\(part) \(key)", recorded: theirs[key].text, found: mine[key].text)
            }
        }
    }
}

extension JSONValue {
    /// The value as reading it back from a file gives it: 32.0 is the whole number 32 there.
    fileprivate var canonical: JSONValue {
        switch self {
        case .number(let value): Int64(exactly: value).map(JSONValue.integer) ?? self
        case .array(let elements): .array(elements.map(\.canonical))
        case .object(let members): .object(members.mapValues(\.canonical))
        default: self
        }
    }
}

extension JSONValue? {
    fileprivate var text: String {
        switch self {
        case nil: "not recorded"
        case .string(let value)?: value
        case let value?: value.serialized()
        }
    }
}
