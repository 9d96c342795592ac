public import Files

/// What reduced precision costs a model, measured on data and kept beside it in `attune-calibration.json`.
///
/// It holds for the weights whose digest it names, and for no others.
public struct CalibrationRecord: Equatable, Sendable {
    /// What one data set gave.
    public struct Measurement: Equatable, Sendable {
        /// The data set and its split: a later measurement of both takes this one's place.
        public var data: String
        public var split: String
        /// The metric's name, such as `ndcg@10`.
        public var metric: String
        /// How many queries or pairs the metric is the mean of.
        public var count: Int
        /// The metric by the precision's name, a fraction.
        public var values: [String: Double]

        public init(data: String, split: String, metric: String, count: Int, values: [String: Double]) {
            self.data = data
            self.split = split
            self.metric = metric
            self.count = count
            self.values = values
        }

        /// By how many points, hundredths, the metric is below that of float32; nil where one of the two was not measured.
        public func loss(of precision: String) -> Double? {
            guard let full = values["f32"], let reduced = values[precision] else { return nil }
            return 100 * (full - reduced)
        }
    }

    /// SHA-256 of the weights.
    public var weights: String
    public var measurements: [Measurement]

    public init(weights: String, measurements: [Measurement] = []) {
        self.weights = weights
        self.measurements = measurements
    }

    /// The file's name in a model's folder.
    public static let fileName = "attune-calibration.json"

    /// The largest loss of a precision over all data sets, in points; nil where nothing was measured.
    public func loss(of precision: String) -> Double? {
        measurements.compactMap { $0.loss(of: precision) }.max()
    }

    /// Takes a measurement in, in the place of an earlier one of the same data.
    public mutating func add(_ measurement: Measurement) {
        measurements.removeAll { $0.data == measurement.data && $0.split == measurement.split }
        measurements.append(measurement)
    }
}

// MARK: The file

extension CalibrationRecord {
    /// The record beside a model; nil where there is none, or one of other weights.
    public static func read(of folder: ModelFolder) throws(ModelFilesError) -> CalibrationRecord? {
        let path = FileSystem.joined(folder.path, fileName)
        guard FileSystem.exists(path) else { return nil }
        let document: JSONValue = try ModelFilesError.wrapping { () throws(FilesError) in
            try decodeJSON(JSONValue.self, path: path)
        }
        guard let record = CalibrationRecord(document) else {
            throw .malformed(path: path, reason: "it is no calibration record: remove it, or calibrate again")
        }
        return record.weights == (try folder.weightsDigest().hex) ? record : nil
    }

    /// Writes the record beside a model.
    public func write(to folder: ModelFolder) throws(ModelFilesError) {
        let path = FileSystem.joined(folder.path, Self.fileName)
        try ModelFilesError.wrapping { () throws(FilesError) in
            try writeFile(jsonValue.serialized(pretty: true) + "\n", to: path, force: true)
        }
    }

    private init?(_ document: JSONValue) {
        guard let fields = document.objectValue, let weights = fields["weights_sha256"]?.stringValue,
            let list = fields["measurements"]?.arrayValue
        else { return nil }
        let measurements = list.compactMap(Measurement.init)
        guard measurements.count == list.count else { return nil }
        self.init(weights: weights, measurements: measurements)
    }

    public var jsonValue: JSONValue {
        ["weights_sha256": .string(weights), "measurements": .array(measurements.map(\.jsonValue))]
    }
}

extension CalibrationRecord.Measurement {
    fileprivate init?(_ document: JSONValue) {
        guard let fields = document.objectValue, let data = fields["data"]?.stringValue,
            let split = fields["split"]?.stringValue, let metric = fields["metric"]?.stringValue,
            let count = fields["count"]?.intValue, let values = fields["values"]?.objectValue
        else { return nil }
        let numbers = values.compactMapValues(\.doubleValue)
        guard numbers.count == values.count else { return nil }
        self.init(data: data, split: split, metric: metric, count: count, values: numbers)
    }

    public var jsonValue: JSONValue {
        [
            "data": .string(data), "split": .string(split), "metric": .string(metric),
            "count": .integer(Int64(count)), "values": .object(values.mapValues { .number($0) }),
        ]
    }
}
