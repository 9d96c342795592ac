/// Writes a `.npy` file of version 1.0 row by row, byte for byte as numpy writes it; it appears complete or not at all.
public final class NumpyWriter {
    private let file: AtomicFile
    private let expectedBytes: Int
    private var writtenBytes = 0

    /// - Parameter shape: The sizes of all dimensions, known in advance.
    public init(
        replacing path: String, type: ElementType = .float32, shape: [Int], force: Bool = true
    ) throws(FilesError) {
        guard let byteCount = (shape + [type.size]).checkedProduct else {
            throw .cannotEncode(path: path, reason: "the shape \(shape) is impossible")
        }
        expectedBytes = byteCount
        file = try AtomicFile(replacing: path, force: force)
        try file.write(NumpyHeader.bytes(type: type, shape: shape))
    }

    /// The header's bytes, for those who write to a stream.
    public static func header(type: ElementType, shape: [Int]) -> [UInt8] {
        NumpyHeader.bytes(type: type, shape: shape)
    }

    /// Appends numbers of the declared type.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(FilesError) {
        writtenBytes += bytes.count
        precondition(writtenBytes <= expectedBytes, "more numbers than the declared shape holds")
        try file.write(bytes)
    }

    /// Appends numbers of the declared type.
    public func append<T: BitwiseCopyable>(_ elements: [T]) throws(FilesError) {
        try elements.withUnsafeBufferPointer { (buffer) throws(FilesError) in try append(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Gives the file its name, once all numbers of the declared shape are there.
    public func commit() throws(FilesError) {
        precondition(writtenBytes == expectedBytes, "fewer numbers than the declared shape holds")
        try file.commit()
    }
}

extension NumpyArray {
    /// Writes rows of floats as a float32 array `[rows, columns]`; `NumpyWriter` writes the other types.
    ///
    /// - Parameter row: Gives the numbers of each row, in order.
    public static func write(
        to path: String, rows: Int, columns: Int, force: Bool = true, row: (Int) -> [Float]
    ) throws(FilesError) {
        let writer = try NumpyWriter(replacing: path, shape: [rows, columns], force: force)
        for index in 0..<rows {
            let numbers = row(index)
            precondition(numbers.count == columns, "row \(index) has \(numbers.count) numbers, not \(columns)")
            try writer.append(numbers)
        }
        try writer.commit()
    }
}
