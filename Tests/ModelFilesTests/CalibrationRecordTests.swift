import Files
import ModelFiles
import TestSupport
import Testing

@Suite("Calibration records")
struct CalibrationRecordTests {
    private static let measurement = CalibrationRecord.Measurement(
        data: "/data/a", split: "dev", metric: "ndcg@10", count: 20,
        values: ["f32": 0.5, "bf16": 0.5005, "int8": 0.498])

    @Test("state the largest loss in points, and keep one measurement of the same data")
    func losses() throws {
        var record = CalibrationRecord(weights: "w")
        #expect(record.loss(of: "int8") == nil)
        record.add(Self.measurement)
        var other = Self.measurement
        other.data = "/data/b"
        other.values["int8"] = 0.49
        record.add(other)
        #expect(abs(try #require(record.loss(of: "int8")) - 1) < 1e-9)
        #expect(abs(try #require(record.loss(of: "bf16")) + 0.05) < 1e-9)
        other.values["int8"] = 0.5
        record.add(other)
        #expect(record.measurements.count == 2)
        #expect(abs(try #require(record.loss(of: "int8")) - 0.2) < 1e-9)
    }

    @Test("are read back beside their model, and not for other weights")
    func roundTrip() throws {
        let copy = try ModelCopy()
        let folder = try ModelFolder(path: copy.path)
        #expect(try CalibrationRecord.read(of: folder) == nil)
        var record = CalibrationRecord(weights: try folder.weightsDigest().hex)
        record.add(Self.measurement)
        try record.write(to: folder)
        #expect(try CalibrationRecord.read(of: folder) == record)
        try CalibrationRecord(weights: "of another model", measurements: [Self.measurement]).write(to: folder)
        #expect(try CalibrationRecord.read(of: folder) == nil)
    }

    @Test(
        "that are no records are refused by path",
        arguments: ["[]", "{\"weights_sha256\": 3}", "{\"weights_sha256\": \"a\", \"measurements\": [{}]}"])
    func malformed(text: String) throws {
        let copy = try ModelCopy()
        let folder = try ModelFolder(path: copy.path)
        try writeFile(text, to: FileSystem.joined(folder.path, CalibrationRecord.fileName))
        #expect(throws: ModelFilesError.self) { try CalibrationRecord.read(of: folder) }
    }
}
