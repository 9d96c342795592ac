/// The lines of a file.
///
/// Lines end with LF only. The last line counts without its LF, and after a final LF there is no further line, so that an empty
/// file has no lines. The file is mapped, its lines are read when they are asked for.
public struct LineReader: Sequence {
    /// What to do with a carriage return before the LF.
    public enum CarriageReturn: Sendable {
        /// Part of the line: plain texts.
        case kept
        /// Dropped: CSV, TSV and JSON Lines that were written on Windows.
        case stripped
    }

    /// One line, without its end.
    public struct Line: Sendable {
        /// Counts from 1.
        public let number: Int

        /// Where the line stands in the file, in bytes, without its end.
        public let byteRange: Range<Int>

        let file: MappedFile

        init(number: Int, byteRange: Range<Int>, file: MappedFile) {
            (self.number, self.byteRange, self.file) = (number, byteRange, file)
        }

        /// Whether nothing stands between two line ends.
        public var isEmpty: Bool { byteRange.isEmpty }

        /// A copy of the bytes.
        public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

        /// The text; a line that is not UTF-8 is an error with its number.
        public func text() throws(FilesError) -> String {
            try withUnsafeBytes { (bytes) throws(FilesError) in
                try UTF8Text.decode(bytes, path: file.path, line: number)
            }
        }

        /// The bytes where they stand in the file.
        public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
            defer { withExtendedLifetime(file) {} }
            return try body(unsafeBytes)
        }

        /// The line's bytes where they stand; valid while the file is open.
        var unsafeBytes: UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: file.baseAddress + byteRange.lowerBound, count: byteRange.count)
        }
    }

    /// The file that the lines are read from.
    public let file: MappedFile
    private let carriageReturn: CarriageReturn

    /// Opens a file.
    public init(path: String, carriageReturn: CarriageReturn = .kept) throws(FilesError) {
        self.init(file: try MappedFile(path: path, access: .sequential), carriageReturn: carriageReturn)
    }

    /// Lines of a file that is open, or of bytes in memory.
    public init(file: MappedFile, carriageReturn: CarriageReturn = .kept) {
        (self.file, self.carriageReturn) = (file, carriageReturn)
    }

    public func makeIterator() -> Iterator { Iterator(file: file, carriageReturn: carriageReturn) }

    /// Goes from line to line.
    public struct Iterator: IteratorProtocol {
        private let file: MappedFile
        private let carriageReturn: CarriageReturn
        private var position = 0
        private var number = 0

        init(file: MappedFile, carriageReturn: CarriageReturn) {
            (self.file, self.carriageReturn) = (file, carriageReturn)
        }

        public mutating func next() -> Line? {
            guard position < file.count else { return nil }
            let start = position
            let newline = file.firstIndex(of: UInt8(ascii: "\n"), from: start)
            var end = newline ?? file.count
            position = newline.map { $0 + 1 } ?? file.count
            number += 1
            if carriageReturn == .stripped, end > start, file.byte(at: end - 1) == UInt8(ascii: "\r") { end -= 1 }
            return Line(number: number, byteRange: start..<end, file: file)
        }
    }
}

/// All texts of a file, one a line; an empty line is an empty text.
public func readLines(_ path: String) throws(FilesError) -> [String] {
    var texts: [String] = []
    for line in try LineReader(path: path) { texts.append(try line.text()) }
    return texts
}
