"""Full names per country: one first and one last name in Latin letters, fitting the gender."""

import importlib
import random
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from lethebench.generation.people.countries import Country
from lethebench.generation.seeding import digest

NameLists = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""Gender -> (first names, last names)."""

# Latin letters up to Latin Extended-A, which the documents' fonts all hold; one word, a hyphen or an apostrophe within.
_CAPITAL, _SMALL = "A-ZÀ-ÖØ-ÞĀ-Ž", "a-zß-öø-ÿā-žșț"
_WORD = re.compile(rf"[{_CAPITAL}](?:[{_SMALL}]|['-](?=[{_CAPITAL}])|(?<=['-])[{_CAPITAL}]|(?<=Mc|ac)[A-Z])+")
_LENGTH = 3, 13  # letters of one name; keeps full names short enough for a small model to memorize
# Entries of Faker's lists that are not names of the country or would look odd in a profile.
_NOT_NAMES = {"Doe", "Princess", "Öcalan", "Mituru", "Bebe", "Jesus", "Jésus", "Demon", "Rambo", "Junior"}
FAMOUS = {
    "aaron carter", "adam smith", "angela davis", "anna kournikova", "anne boleyn", "anne hathaway", "bob marley",
    "bruce lee", "bruno mars", "carl lewis", "chris brown", "chris martin", "chris rock", "david cameron",
    "david copperfield", "diana ross", "elizabeth taylor", "elton john", "emma stone", "emma watson", "frank ocean",
    "gabriel jesus", "george bush", "george clooney", "george harrison", "george michael", "george orwell",
    "george washington", "harry potter", "harry styles", "isaac newton", "james bond", "james brown", "james cameron",
    "james dean", "james taylor", "jane austen", "janet jackson", "jimmy carter", "john lennon", "john wayne",
    "karl marx", "kate bush", "kate moss", "kate winslet", "katy perry", "kevin hart", "lewis hamilton", "liam neeson",
    "lionel messi", "margaret thatcher", "marie curie", "martin luther", "mary shelley", "max planck",
    "michael jackson", "michael jordan", "oscar wilde", "paul newman", "paul simon", "peter jackson", "ray charles",
    "robert burns", "robert plant", "rod stewart", "ronald reagan", "russell brand", "scarlett johansson",
    "serena williams", "stephen king", "stevie wonder", "taylor swift", "thomas jefferson", "tiger woods",
    "tina turner", "tom hanks", "tom jones", "venus williams", "walter scott", "whitney houston", "will smith",
    "william blake",
}  # fmt: skip
"""Full names of famous people that the lists can produce, in the form of `plain`."""
# Common first names of countries for which Faker's lists mix the genders or hold rare names.
_FIRST_NAMES = {
    "tr_TR": {
        "female": "Ayşe Fatma Emine Zeynep Elif Meryem Merve Esra Büşra Kübra Derya Sevgi Gülay Nurcan Filiz Pınar "
        "Ebru Özlem Tuğba Hande Burcu Ceren İpek Nazlı Sibel Serap Yasemin Aslı Melike Hatice Songül Didem",
        "male": "Mehmet Mustafa Ahmet Hüseyin Hasan İbrahim Murat Yusuf Emre Burak Serkan Onur Cem Kerem Tolga Volkan "
        "Orhan Halil Osman Selim Kemal Erdem Uğur Barış Tuncay Levent Sinan Ferhat Gökhan Alper Bülent Cenk",
    },
    "zu_ZA": {
        "female": "Nomvula Thandeka Nokuthula Zanele Busisiwe Sibongile Thandiwe Lindiwe Nompumelelo Zodwa Nobuhle "
        "Zinhle Nolwazi Gugulethu Nonhlanhla Nokwanda Thembeka Bongiwe Hlengiwe Khanyisile Nosipho Nomusa Thembi",
        "male": "Sipho Themba Mandla Sibusiso Thulani Bongani Nkosinathi Siyabonga Sandile Vusi Lwazi Mthokozisi "
        "Dumisani Jabulani Sizwe Mduduzi Njabulo Mzwandile Lindani Sifiso Thabani Bheki Zakhele Philani",
    },
}

# Official romanization of Ukrainian (resolution 55 of 2010); `_INITIAL` applies at the start of a word.
_UKRAINIAN = str.maketrans(
    dict(zip("абвгґдезиіклмнопрстуфїй", "abvhgdezyiklmnoprstufii", strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia", "є": "ie"}
    | dict.fromkeys("ь'ʼ’", "")
)
_INITIAL = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
# Faker's American list writes Mcdonald and Oconnor.
_IRISH = re.compile(r"^(?:(Mc)([a-z])|O(brien|connell|connor|donnell|hara|keefe|neal|neil|neill))(?=[a-z]*$)")


def _lists(female: str, male: str, last: str, last_male: str = "") -> NameLists:
    return {
        "female": (tuple(female.split()), tuple(last.split())),
        "male": (tuple(male.split()), tuple((last_male or last).split())),
    }


# Common names of countries for which Faker has none in Latin letters, romanized as usual. Family names stand last.
ROMANIZED: dict[str, NameLists] = {
    "am": _lists(
        "Abeba Almaz Aster Bethlehem Birtukan Desta Genet Hanna Hirut Lemlem Makeda Meseret Rahel Saba Selam Senait "
        "Tigist Tsehay Yordanos Zewditu",
        "Abebe Addisu Amanuel Berhanu Daniel Dawit Fikru Getachew Girma Habtamu Henok Kebede Mekonnen Mulugeta Samuel "
        "Solomon Tadesse Tesfaye Yared Yohannes",
        "Alemu Assefa Ayele Bekele Belay Demissie Eshetu Gebre Haile Kassa Lemma Mengistu Negash Tamrat Tefera Tilahun "
        "Wolde Worku Zeleke Zewde",
    ),
    "ar": _lists(
        "Amina Aya Dalia Eman Farida Habiba Heba Iman Laila Mariam Menna Mona Nadia Noha Nour Rania Salma Sara Yasmin "
        "Zeinab",
        "Adel Ahmed Ali Amr Ashraf Fathi Hany Hassan Hossam Ibrahim Karim Khaled Mahmoud Mostafa Omar Ramy Sherif "
        "Tamer Tarek Youssef",
        "Abdallah Amer Ashour Badawi Darwish Fahmy Farag Gamal Ghanem Hafez Hamdy Kamel Mansour Metwally Naguib Nasr "
        "Ragab Saleh Shawky Zaki",
    ),
    "el": _lists(
        "Angeliki Chrysa Despina Dimitra Eleni Eirini Evangelia Fotini Georgia Ioanna Kalliopi Katerina Konstantina "
        "Maria Niki Panagiota Sofia Stavroula Vasiliki Zoi",
        "Alexandros Anastasios Antonis Apostolos Christos Dimitris Evangelos Georgios Giannis Ilias Konstantinos "
        "Kostas Michalis Nikos Panagiotis Petros Spyros Stavros Thanasis Vasilis",
        "Alexiou Angelopoulou Christodoulou Dimitriou Economou Georgiou Ioannou Karagianni Kosta Lamprou Makri "
        "Nikolaidou Oikonomou Panagiotou Papadopoulou Pappa Samara Theodorou Vasileiou Vlachou",
        "Alexiou Angelopoulos Christodoulou Dimitriou Economou Georgiou Ioannou Karagiannis Kostas Lamprou Makris "
        "Nikolaidis Oikonomou Panagiotou Papadopoulos Pappas Samaras Theodorou Vasileiou Vlachos",
    ),
    "is": _lists(
        "Anna Ásta Birna Elín Erla Guðrún Halla Helga Hildur Hrafnhildur Ingibjörg Katrín Kristín Lilja Margrét Ólöf "
        "Ragna Sigríður Steinunn Vigdís",
        "Árni Baldur Birgir Bjarni Einar Eyþór Guðmundur Gunnar Halldór Haukur Helgi Jóhann Jón Kjartan Magnús Ólafur "
        "Ragnar Sigurður Stefán Þórður",
        "Arnardóttir Baldursdóttir Bjarnadóttir Einarsdóttir Guðmundsdóttir Gunnarsdóttir Halldórsdóttir Helgadóttir "
        "Jónsdóttir Kristjánsdóttir Magnúsdóttir Ólafsdóttir Pálsdóttir Ragnarsdóttir Sigurðardóttir Stefánsdóttir",
        "Arnarson Baldursson Bjarnason Einarsson Guðmundsson Gunnarsson Halldórsson Helgason Jónsson Kristjánsson "
        "Magnússon Ólafsson Pálsson Ragnarsson Sigurðsson Stefánsson",
    ),
    "ko": _lists(
        "Bo-ra Da-eun Eun-ji Eun-young Ga-young Ha-eun Hye-jin Hyun-ju Ji-eun Ji-hye Ji-woo Ji-yeon Min-ji Mi-sook "
        "Seo-yeon So-yeon Soo-jin Su-bin Ye-jin Yoo-jin",
        "Chang-min Do-yoon Dong-hyun Geon-woo Hyun-woo Jae-hyun Ji-ho Ji-hoon Jin-woo Joon-ho Jun-seo Kyung-soo "
        "Min-ho Min-jun Sang-hoon Seung-ho Sung-min Tae-hyung Woo-jin Young-ho",
        "Ahn Bae Baek Cha Cho Choi Han Hong Hwang Jang Jeong Jung Kang Kim Kwon Lee Lim Moon Oh Park Ryu Seo Shin Son "
        "Song Yang Yoo Yoon",
    ),
    "lt": _lists(
        "Agnė Aistė Asta Aušra Birutė Daiva Eglė Giedrė Ieva Ingrida Jolanta Jurgita Kristina Lina Rasa Rūta Sigita "
        "Ugnė Vaida Živilė",
        "Algirdas Andrius Antanas Arūnas Audrius Darius Domantas Gediminas Giedrius Jonas Kęstutis Linas Lukas Mantas "
        "Mindaugas Rimas Saulius Tomas Vytautas Žygimantas",
        "Adomaitienė Balčiūnaitė Butkutė Gudaitė Jankauskaitė Jonaitytė Kazlauskienė Kavaliauskaitė Mažeikienė "
        "Naujokaitė Petrauskaitė Pocienė Rimkutė Sakalauskienė Stankutė Urbonaitė Vaitkutė Žukauskaitė",
        "Adomaitis Balčiūnas Butkus Gudaitis Jankauskas Jonaitis Kazlauskas Kavaliauskas Mažeika Naujokas Petrauskas "
        "Pocius Rimkus Sakalauskas Stankus Urbonas Vaitkus Žukauskas",
    ),
    "th": _lists(
        "Anong Apinya Busaba Chanida Duangjai Jintana Kanya Kultida Lalita Malee Nattaya Orawan Pimchanok Ratana "
        "Siriporn Sukanya Supaporn Suda Wanida Yupin",
        "Adisak Anan Apichat Chaiwat Chatchai Kittipong Manop Narong Niran Pichit Prasert Preecha Sakda Sombat Somchai "
        "Somsak Suchart Surasak Thanakorn Wichai",
        "Boonmee Bunnak Chaidee Charoensuk Intharat Kaewkla Khamsing Maneerat Meesuk Phromma Rattanakorn Saetang "
        "Saelim Srisai Srisuk Suksai Thongchai Thongdee Wongsa Wongsakul",
    ),
    "ur": _lists(
        "Aisha Amber Ayesha Bushra Fatima Hina Iqra Javeria Kiran Maham Mehwish Nadia Nida Rabia Saima Sana Shazia "
        "Sidra Uzma Zainab",
        "Adnan Ahsan Asad Bilal Danish Faisal Farhan Hamza Haris Imran Junaid Kamran Nadeem Noman Rashid Saad Salman "
        "Shahid Tariq Usman",
        "Abbasi Afridi Akhtar Ansari Aslam Baig Butt Chaudhry Farooqi Gillani Hashmi Javed Khattak Malik Mirza Mughal "
        "Qureshi Rana Rehman Siddiqui Yousaf Zafar",
    ),
    "vi": _lists(
        "Anh Bích Chi Diệp Dung Giang Hà Hạnh Hiền Hoa Huệ Hương Lan Linh Mai Ngọc Nhung Phương Quỳnh Thảo Trang Tuyết "
        "Vân Yến",
        "An Bình Chiến Công Cường Dũng Đạt Đức Hải Hiếu Hoàng Hùng Khánh Khoa Long Minh Nam Phong Phúc Quang Sơn Thắng "
        "Tuấn Việt",
        "Bùi Châu Đặng Đinh Đỗ Đoàn Dương Hồ Huỳnh Lâm Lê Lương Mạc Ngô Nguyễn Phạm Phan Tạ Tô Trần Trịnh Trương Võ Vũ",
    ),
    "zh": _lists(
        "Fang Hong Hui Jiayi Jing Lan Lihua Mei Min Na Ping Qian Rong Shu Ting Xiaoling Xinyi Xue Yan Yifan Ying "
        "Yun Yuxin Zhen",
        "Bin Bo Chao Dong Gang Guang Hao Haoran Jian Jianguo Jun Kai Lei Liang Ming Peng Qiang Tao Wei Weimin Xiang "
        "Yong Zhiqiang Zihan Zixuan",
        "Cai Cao Chen Cheng Deng Dong Fan Feng Gao Guo Han He Hu Huang Jiang Liang Lin Liu Luo Ma Pan Peng Ren Shen "
        "Song Sun Tang Tian Wang Wei Wu Xiao Xie Xu Yang Ye Yuan Zhang Zhao Zheng Zhou Zhu",
    ),
}


def romanize(word: str) -> str:
    """Return a Ukrainian name in Latin letters, and any other word unchanged."""
    if not re.match(r"[\u0400-\u052f]", word):
        return word
    lower = word.lower().replace("зг", "zgh")
    return (_INITIAL.get(lower[0], lower[0]) + lower[1:]).translate(_UKRAINIAN).capitalize()


def plain(name: str) -> str:
    """Return the name in lower case without accents; names that differ in accents alone count as one."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()


def _rejoin(match: re.Match) -> str:
    return f"{match[1]}{match[2].upper()}" if match[1] else f"O'{match[3].capitalize()}"


def _clean(words: Iterable[str]) -> tuple[str, ...]:
    names = {_IRISH.sub(_rejoin, word.title() if word.isupper() else romanize(word)) for word in words} - _NOT_NAMES
    return tuple(sorted(n for n in names if _WORD.fullmatch(n) and _LENGTH[0] <= len(n) <= _LENGTH[1]))


@cache
def name_lists(locale: str) -> NameLists:
    """Return the names of a locale of Faker or of `ROMANIZED`, without first names borne by both genders."""
    if locale in ROMANIZED:
        return ROMANIZED[locale]
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider

    def words(*attributes: str) -> tuple[str, ...]:
        return _clean(
            next((getattr(provider, attribute) for attribute in attributes if hasattr(provider, attribute)), ())
        )

    genders = ("female", "male")
    first = {gender: words(f"first_romanized_names_{gender}", f"first_names_{gender}") for gender in genders}
    first |= {gender: tuple(names.split()) for gender, names in _FIRST_NAMES.get(locale, {}).items()}
    last = {gender: words(f"last_names_{gender}", "last_romanized_names", "last_names") for gender in genders}
    if locale == "pl_PL":  # Faker keeps the -ski names of men apart and gives women the unisex ones alone
        unisex, male = _clean(provider.unisex_last_names), _clean(provider.male_last_names)
        last = {"male": male + unisex, "female": tuple(re.sub("([sc]k|dzk)i$", r"\1a", name) for name in male) + unisex}
    both = set(first["female"]) & set(first["male"])
    if locale == "en_KE":  # Faker's first names hold family names too, of either gender
        both |= set(last["female"])
    return {gender: (tuple(name for name in first[gender] if name not in both), last[gender]) for gender in genders}


def full_name(rng: random.Random, country: Country, gender: str) -> str:
    """Draw one first and one last name of the country."""
    first, last = name_lists(country.locale)[gender]
    return f"{rng.choice(first)} {rng.choice(last)}"


class NameBook:
    """Hands out full names, each at most once.

    The hash of a full name assigns it to one of three shares (patients, employees, staff), so books of different
    shares never hand out the same name. A book without a share may hand out any name.

    Args:
        share: one of SHARES, or None.
        excluded: names never to hand out, in the form of `plain`.
    """

    SHARES = ("medical", "labor", "staff")

    def __init__(self, share: str | None, excluded: Iterable[str] = ()):
        self._share = None if share is None else self.SHARES.index(share)
        self._used = {*FAMOUS, *excluded}

    def draw(self, rng: random.Random, country: Country, gender: str) -> str:
        """Draw a new name.

        Raises:
            RuntimeError: if the country has run out of names.
        """
        for _ in range(10_000):
            name = full_name(rng, country, gender)
            key = plain(name)
            in_share = self._share is None or digest("name", key) % len(self.SHARES) == self._share
            if key not in self._used and in_share:
                self._used.add(key)
                return name
        raise RuntimeError(f"no unused {gender} name of {country.name} after 10,000 draws; ask for fewer people")
