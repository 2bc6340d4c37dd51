"""Where fictitious people are born and live: some seventy countries with their cities, money and whose names they use.

Countries of the documents, and more with less to say about each. Wages are rough gross monthly ones in the local
currency around 2024, rounded; they only have to be plausible.
"""

from dataclasses import dataclass

from lethebench.generation.people.countries import COUNTRIES


@dataclass(frozen=True)
class Land:
    """One country.

    Attributes:
        name: as in "Graz, Austria": without an article.
        nationality: the adjective.
        locale: of names: Faker's, or a key of `more_names.NAMES`.
        currency: ISO 4217.
        wage: typical gross monthly wage in the currency.
        cities: real ones.
    """

    name: str
    nationality: str
    locale: str
    currency: str
    wage: int
    cities: tuple[str, ...]


_MORE = """
Azerbaijan | Azerbaijani | az_AZ | AZN 950 | Baku, Ganja, Sumqayit, Shaki, Lankaran, Mingachevir, Quba, Shirvan
Bolivia | Bolivian | es_CO | BOB 4000 | La Paz, Sucre, Cochabamba, Oruro, Potosí, Tarija, Santa Cruz, Cobija
China | Chinese | zh | CNY 9000 | Chengdu, Wuhan, Nanjing, Xi'an, Hangzhou, Qingdao, Shenzhen, Harbin
Costa Rica | Costa Rican | es_MX | CRC 480000 | San José, Alajuela, Cartago, Heredia, Turrialba, Limón, Puntarenas, Nicoya
Dominican Republic | Dominican | es_CO | DOP 27000 | Santo Domingo, Baní, La Romana, Puerto Plata, Moca, La Vega, Barahona, Higüey
Ecuador | Ecuadorian | es_CO | USD 800 | Quito, Cuenca, Guayaquil, Loja, Ambato, Manta, Riobamba, Ibarra
Egypt | Egyptian | ar | EGP 14000 | Cairo, Alexandria, Giza, Aswan, Luxor, Port Said, Mansoura, Tanta
Ethiopia | Ethiopian | am | ETB 9000 | Addis Ababa, Gondar, Bahir Dar, Hawassa, Dire Dawa, Mekelle, Jimma, Adama
Greece | Greek | el | EUR 1350 | Athens, Thessaloniki, Patras, Heraklion, Larissa, Volos, Ioannina, Chania
Guatemala | Guatemalan | es_MX | GTQ 4500 | Guatemala City, Quetzaltenango, Antigua, Cobán, Huehuetenango, Escuintla, Chiquimula, Zacapa
Iceland | Icelandic | is | ISK 780000 | Reykjavík, Akureyri, Kópavogur, Selfoss, Akranes, Ísafjörður, Egilsstaðir, Húsavík
Jamaica | Jamaican | en_GB | JMD 170000 | Kingston, Montego Bay, Mandeville, Ocho Rios, Portmore, Spanish Town, Port Antonio, Negril
Lithuania | Lithuanian | lt | EUR 2200 | Vilnius, Kaunas, Klaipėda, Šiauliai, Panevėžys, Alytus, Utena, Palanga
Moldova | Moldovan | ro_RO | MDL 13500 | Chișinău, Bălți, Cahul, Orhei, Soroca, Ungheni, Comrat, Edineț
Morocco | Moroccan | fr_DZ | MAD 5500 | Rabat, Casablanca, Fez, Marrakesh, Tangier, Agadir, Meknes, Essaouira
Pakistan | Pakistani | ur | PKR 60000 | Karachi, Lahore, Peshawar, Multan, Quetta, Faisalabad, Sialkot, Rawalpindi
Panama | Panamanian | es_CO | USD 1000 | Panama City, David, Colón, Santiago, Chitré, Penonomé, Las Tablas, Boquete
Peru | Peruvian | es_CO | PEN 2000 | Arequipa, Cusco, Trujillo, Piura, Iquitos, Tacna, Ayacucho, Huancayo
Philippines | Filipino | es_MX | PHP 24000 | Manila, Cebu City, Davao City, Iloilo City, Baguio, Bacolod, Batangas City, Dumaguete
Serbia | Serbian | hr_HR | RSD 115000 | Belgrade, Novi Sad, Niš, Kragujevac, Subotica, Zrenjanin, Čačak, Užice
South Korea | South Korean | ko | KRW 3700000 | Seoul, Busan, Incheon, Daegu, Daejeon, Gwangju, Jeonju, Suwon
Thailand | Thai | th | THB 26000 | Bangkok, Chiang Mai, Phuket, Khon Kaen, Udon Thani, Hat Yai, Chiang Rai, Ayutthaya
Tunisia | Tunisian | fr_DZ | TND 1300 | Tunis, Sfax, Sousse, Kairouan, Bizerte, Gabès, Monastir, Nabeul
Uruguay | Uruguayan | es_AR | UYU 45000 | Montevideo, Salto, Paysandú, Rivera, Maldonado, Tacuarembó, Durazno, Minas
Uzbekistan | Uzbek | uz_UZ | UZS 5500000 | Tashkent, Samarkand, Bukhara, Namangan, Andijan, Fergana, Nukus, Khiva
Vietnam | Vietnamese | vi | VND 9500000 | Hanoi, Da Nang, Hue, Can Tho, Hai Phong, Nha Trang, Da Lat, Vinh
"""  # noqa: E501


def _parse(line: str) -> Land:
    name, nationality, locale, pay, cities = (part.strip() for part in line.split("|"))
    currency, wage = pay.split()
    return Land(name, nationality, locale, currency, int(wage), tuple(cities.split(", ")))


LANDS: tuple[Land, ...] = tuple(
    Land(one.name.removeprefix("the "), one.nationality, one.locale, one.currency, one.wage, one.cities)
    for one in COUNTRIES
) + tuple(map(_parse, _MORE.strip().splitlines()))

BY_NAME: dict[str, Land] = {land.name: land for land in LANDS}
"""Name -> country."""
